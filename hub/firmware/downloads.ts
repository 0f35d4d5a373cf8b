import { createHash } from 'node:crypto';
import type { Clock, RandomBytes } from '@hallhub/sync/base';
import { hours, plus } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Images } from './images.ts';
import { parseRange } from './range.ts';

/** The server that a path is good at: the hub's own, or the one without TLS for devices that know none. */
export type Way = 'hub' | 'plain';

/** One order to one device, for which a path is made. */
export interface DownloadOrder {
  readonly sha256: string;
  readonly deviceId: string;
  readonly rollout: string;
  readonly way: Way;
}

export interface DownloadRequest {
  readonly method: string;
  readonly token: string;
  readonly way: Way;
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
}

export interface DownloadAnswer {
  readonly status: 200 | 206 | 416;
  readonly headers: Readonly<Record<string, string | number>>;
  /** Absent where there is none to send. */
  readonly body?: Iterable<Uint8Array>;
}

/** The paths from which devices fetch images, each for one device in one roll-out. */
export interface Downloads {
  /** A part of a path that nobody guesses. It ends when the whole image went out, with the order, or after two hours. */
  link(order: DownloadOrder): string;
  /** Undefined: there is nothing at this path, or not any more. */
  answer(request: DownloadRequest): DownloadAnswer | undefined;
  /** Forgets paths that are over. */
  purge(): number;
}

const LIFE = hours(2);
/** A device that loses the line begins anew, or goes on with a range; after so many whole images it is wrong in the head. */
const MOST_IMAGES = 20;
/** What one request costs at least: ranges of a byte each must not go on for ever. */
const LEAST_COST = 256;

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export function createDownloads(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly images: Pick<Images, 'get' | 'parts'>;
  /** Whether the order for which the path was made is still being carried out. */
  readonly isUnderWay: (order: Omit<DownloadOrder, 'way'>) => boolean;
}): Downloads {
  const { db, clock, random, images } = deps;
  const add = db.prepare('INSERT INTO firmware_link VALUES (?, ?, ?, ?, ?, ?, ?)');
  const find = db.prepare<[Buffer, Way, number], Omit<DownloadOrder, 'way'>>(
    `SELECT sha256, device_id AS deviceId, rollout FROM firmware_link
     WHERE token_hash = ? AND way = ? AND expires_at > ? AND bytes_left > 0`,
  );
  const pay = db.prepare('UPDATE firmware_link SET bytes_left = bytes_left - ? WHERE token_hash = ?');
  const drop = db.prepare('DELETE FROM firmware_link WHERE token_hash = ?');
  const dropOld = db.prepare('DELETE FROM firmware_link WHERE expires_at <= ?');
  /** How far each went out without a gap, by the token's hash. After a restart a device may have it once more. */
  const reached = new Map<string, number>();

  function* sent(hash: Buffer, sha256: string, from: number, to: number, size: number): Generator<Uint8Array> {
    yield* images.parts(sha256, { from, to });
    const key = hash.toString('hex');
    const before = reached.get(key) ?? 0;
    if (from > before) return;
    reached.set(key, Math.max(before, to));
    if (to < size) return;
    reached.delete(key);
    drop.run(hash);
  }

  return {
    link: ({ sha256, deviceId, rollout, way }) => {
      const image = images.get(sha256);
      if (!image.ok) throw new Error(`no image ${sha256}`);
      const token = Buffer.from(random(24)).toString('base64url');
      const expiresAt = plus(clock.now(), LIFE);
      add.run(hashOf(token), sha256, deviceId, rollout, way, expiresAt, MOST_IMAGES * image.value.size);
      return token;
    },
    answer: ({ method, token, way, range, ifRange }) => {
      if (method !== 'GET' && method !== 'HEAD') return undefined;
      const hash = hashOf(token);
      const order = find.get(hash, way, clock.now());
      const image = order && deps.isUnderWay(order) ? images.get(order.sha256) : undefined;
      if (!order || !image?.ok) return undefined;
      const { size } = image.value;
      const etag = `"${order.sha256}"`;
      const headers = { 'accept-ranges': 'bytes', 'cache-control': 'no-store', etag };
      // A range of another file than the device has begun with is none (RFC 9110, 13.1.5).
      const asked = ifRange === undefined || ifRange === etag ? parseRange(range, size) : undefined;
      if (asked === 'unsatisfiable') {
        return { status: 416, headers: { ...headers, 'content-range': `bytes */${size}`, 'content-length': 0 } };
      }
      const { from, to } = asked ?? { from: 0, to: size };
      const answer = {
        status: asked ? 206 : 200,
        headers: {
          ...headers,
          'content-type': 'application/octet-stream',
          'content-length': to - from,
          ...(asked && { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
        },
      } as const;
      if (method === 'HEAD') return answer;
      pay.run(Math.max(LEAST_COST, to - from), hash);
      return { ...answer, body: sent(hash, order.sha256, from, to, size) };
    },
    purge: () => {
      reached.clear();
      return dropOld.run(clock.now()).changes;
    },
  };
}
