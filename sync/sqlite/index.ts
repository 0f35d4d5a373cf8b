export { type Db, type OpenOptions, type Statement, isOwnTrouble, openDatabase, storeFailure } from './open.ts';
export { afterCommit, onRollback, transact, transactPart } from './transaction.ts';
export { type Migration, type MigrateOptions, type SchemaComponent, migrate } from './migrate.ts';
export { storeCodes } from './codes.ts';
export { type Sealer, aesGcmSealer } from './sealer.ts';
export { type SqliteReplicaStoreOptions, replicaSchema, sqliteReplicaStore } from './replica-store.ts';
export { type SqliteOutboxStoreOptions, outboxSchema, sqliteOutboxStore } from './outbox-store.ts';
export { type SqliteReceiver, receiverSchema, sqliteReceiver } from './receiver.ts';
export { type FeedRecord, type FeedStore, feedSchema, sqliteFeedStore } from './feed-store.ts';
