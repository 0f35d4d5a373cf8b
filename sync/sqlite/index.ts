export { type Db, type OpenOptions, type Statement, openDatabase, transact } from './open.ts';
export { type Migration, type MigrateOptions, type SchemaComponent, migrate } from './migrate.ts';
export { storeCodes } from './codes.ts';
