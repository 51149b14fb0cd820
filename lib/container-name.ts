/** The one container of a task; the overrides of every start name it. */
export const CONTAINER_NAME = 'backup';
