import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

interface PeerRow {
  readonly hub: string;
  readonly position: number;
  readonly incarnation: number;
  readonly heardAt: EpochMs;
}

export type PeerStore = ReturnType<typeof peerStore>;

/** How far each peer has been heard. */
export function peerStore(db: Db) {
  const put = db.prepare(
    `INSERT INTO locker_peer (hub, position, incarnation, heard_at) VALUES (@hub, @position, @incarnation, @heardAt)
     ON CONFLICT (hub) DO UPDATE SET position = excluded.position, incarnation = excluded.incarnation, heard_at = excluded.heard_at`,
  );
  const get = db.prepare<[string], PeerRow>(
    'SELECT hub, position, incarnation, heard_at AS heardAt FROM locker_peer WHERE hub = ?',
  );
  return {
    put: (row: PeerRow): void => {
      put.run(row);
    },
    get: (hub: string): PeerRow | undefined => get.get(hub),
  };
}
