import type { HttpDoor, HttpReport } from '../kit/index.ts';

/** What a request line and a connection say, before anybody has read the body. */
export interface Knock {
  readonly segments: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
}

/** A request target in its parts; undefined for what is no path. @param target such as `/k3jd…/push?SN=1` */
export function readKnock(target: string, remoteAddress: string): Knock | undefined {
  if (!target.startsWith('/') || !URL.canParse(target, 'http://device')) return undefined;
  const { pathname, searchParams } = new URL(target, 'http://device');
  return {
    segments: pathname.split('/').slice(1),
    query: Object.fromEntries(searchParams),
    remoteAddress: plainAddress(remoteAddress),
  };
}

/** An IPv4 address that reached a socket of IPv6 (`::ffff:10.0.0.5`) is that address. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** How much a door says that holds for this request; 0: it is not for it. */
export function fit(door: HttpDoor, { segments, query, remoteAddress }: Knock): number {
  if (door.token !== undefined && segments[0] !== door.token) return 0;
  if (door.query && (!Object.hasOwn(query, door.query.name) || query[door.query.name] !== door.query.value)) return 0;
  if (door.address !== undefined && plainAddress(door.address) !== remoteAddress) return 0;
  return (door.token === undefined ? 0 : 4) + (door.query ? 2 : 0) + (door.address === undefined ? 0 : 1);
}

/** Two equal doors are one text. */
export const doorKey = ({ token, query, address }: HttpDoor): string =>
  JSON.stringify([token, query?.name, query?.value, address && plainAddress(address)]);

export const pathBehind = ({ token }: HttpDoor, { segments }: Knock): HttpReport['path'] =>
  `/${segments.slice(token === undefined ? 0 : 1).join('/')}`;
