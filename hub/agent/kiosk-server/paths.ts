/** What the server beside a kiosk does with a request; `path` is what stands below `/api/kiosks/{kiosk}`. */
export type Deed = 'session' | 'view' | 'events' | 'job' | 'log' | 'restart' | 'locker' | 'hand-on';

const DEEDS: Readonly<Record<string, Deed>> = {
  'GET ': 'view',
  'GET /events': 'events',
  'GET /service/log': 'log',
  'POST /session': 'session',
  'POST /service/restart': 'restart',
};

const ID = '[\\w.~%-]{1,200}';
/** The rest of `hub/kiosks/contract.ts`, and what ticket machines ask of `hub/queue`; nothing else of the hub can be reached through a kiosk. */
const HANDED_ON: Readonly<Record<string, RegExp>> = {
  GET: new RegExp(
    `^/(certificates|certificates/${ID}/document|card|card/transactions|card/top-ups/${ID}|service/devices|queue|queue/mine)$`,
  ),
  POST: new RegExp(
    `^/(identify/(pick-up|number|one-time)|touch|leave|print|jobs/${ID}/(receipt|withdraw)|card/lost|card/top-ups|card/top-ups/${ID}/cancel|service/(enter|leave|test-page|refill|out-of-service)|queue/tickets|queue/tickets/${ID}/print)$`,
  ),
};
const JOB = new RegExp(`^/jobs/(${ID})$`);
/** What the agent answers itself, with the hub and without it: `hub/lockers/terminal-contract.ts`. */
const LOCKER: Readonly<Record<string, RegExp>> = {
  GET: new RegExp(`^/locker(/orders/${ID})?$`),
  POST: new RegExp(`^/locker/(present|listen|begin|end|orders/${ID})$`),
};

/** What is asked of a kiosk's server; undefined: nothing that is in the contract. */
export function deedOf(method: string, path: string): Deed | undefined {
  const known = DEEDS[`${method} ${path}`];
  if (known) return known;
  if (!path.split('/').every(isPlain)) return undefined;
  if (method === 'GET' && JOB.test(path)) return 'job';
  if (LOCKER[method]?.test(path) === true) return 'locker';
  return HANDED_ON[method]?.test(path) === true ? 'hand-on' : undefined;
}

/** No part that a server further on might take for a way up, for two parts, or for nothing that it can read. */
function isPlain(part: string): boolean {
  try {
    return !/^\.{1,2}$|[/\\\0]/.test(decodeURIComponent(part));
  } catch {
    return false;
  }
}

/** Which job a path asks for. */
export const jobOf = (path: string): string => decodeURIComponent(JOB.exec(path)?.[1] ?? '');

/** `/api/kiosks/{kiosk}…` taken apart. */
export function kioskPath(pathname: string): { readonly kiosk: string; readonly path: string } | undefined {
  const [, kiosk, path = ''] = /^\/api\/kiosks\/([a-z0-9][a-z0-9-]{0,62})(\/.*)?$/.exec(pathname) ?? [];
  return kiosk === undefined ? undefined : { kiosk, path };
}
