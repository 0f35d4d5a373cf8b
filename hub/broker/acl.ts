/**
 * Who may say and hear what. A device is known by one id, which is its user name and its client id at once; its world is
 * the two branches below its own prefix.
 */
export interface BusIdentity {
  readonly campus: string;
  readonly deviceId: string;
}

const prefix = ({ campus, deviceId }: BusIdentity): string => `c/${campus}/d/${deviceId}/`;

export const upPrefix = (identity: BusIdentity): string => `${prefix(identity)}up/`;
export const downPrefix = (identity: BusIdentity): string => `${prefix(identity)}down/`;

/** Topic levels of ours are plain words, so that nothing odd (control characters, `$SYS`, empty levels) has to be argued about. */
const LEVELS = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,6}$/;

/**
 * The one decision for publish, subscribe and forward. Anything that is not explicitly allowed is denied.
 *
 * - `publish`: below `up/`, no wildcards.
 * - `subscribe`: exactly `down/#`. One filter only: with overlapping filters the broker would deliver twice.
 * - `forward`: below `down/`; asked again for each message, because the broker stores refused filters of a session.
 */
export function mayUseTopic(
  identity: BusIdentity,
  action: 'publish' | 'subscribe' | 'forward',
  topic: string,
): boolean {
  const down = downPrefix(identity);
  switch (action) {
    case 'publish':
      return isBelow(topic, upPrefix(identity));
    case 'subscribe':
      return topic === `${down}#`;
    case 'forward':
      return isBelow(topic, down);
  }
}

const isBelow = (topic: string, branch: string): boolean =>
  topic.startsWith(branch) && LEVELS.test(topic.slice(branch.length));
