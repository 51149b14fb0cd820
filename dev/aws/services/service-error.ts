/** What a service answers in place of what was asked for. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    /** As the service calls it: `ResourceNotFoundException`. */
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}
