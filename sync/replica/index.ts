export {
  type ChangePage,
  type FeedSource,
  type ImagePage,
  type PullOptions,
  type RecordRef,
  type SourceDigest,
} from './source.ts';
export {
  type ImageProgress,
  type Quarantined,
  type ReplicaPosition,
  type ReplicaRecord,
  type ReplicaStore,
  type Standing,
} from './store.ts';
export {
  type DigestReport,
  type Project,
  type Replica,
  type ReplicaOptions,
  type ReplicaStatus,
  type ReplicaTuning,
} from './replica.ts';
export { createReplica } from './create.ts';
