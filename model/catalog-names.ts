/** Parts of the queries that ask what a database is made of. */

export const quoted = (column: string): string => `'"' || replace(${column}, '"', '""') || '"'`;
export const qualified = (...columns: string[]): string => columns.map(quoted).join(` || '.' || `);

/** Of namespace `n`: not the system's. */
export const OURS = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** Members of extensions are made with them. */
export const notOfAnExtension = (catalog: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

/** Of relation `c`. */
export const OF_NO_EXTENSION = notOfAnExtension('pg_class', 'c.oid');
