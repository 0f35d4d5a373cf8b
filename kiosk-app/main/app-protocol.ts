import { isOwn, SECURITY_HEADERS } from './policy.ts';

/** Where the kiosk's server is, and what this machine proves itself with. The page never learns either. */
export interface Upstream {
  /** `http://127.0.0.1:…` of the agent, or the hub's address. */
  readonly url: string;
  readonly token: string;
}

export interface AppProtocolOptions {
  /** A file of the built screens by its path in their folder, or undefined. */
  readonly readFile: (path: string) => Promise<Uint8Array | undefined>;
  readonly upstream: () => Upstream | undefined;
  readonly fetch: (address: string, init: RequestInit & { readonly duplex?: 'half' }) => Promise<Response>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
/** What of a request is handed on; everything else (origin, referrer, fetch metadata) would speak of a site that is none. */
const HANDED_ON = ['accept', 'content-type', 'x-hallhub', 'idempotency-key', 'last-event-id'] as const;
const KIOSK_COOKIE = 'hallhub_kiosk';

/** Answers every request of `app://kiosk`: the screens from files, `/api/` from the kiosk's server in this machine's name. */
export function appProtocol({
  readFile,
  upstream,
  fetch,
}: AppProtocolOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!isOwn(request.url)) return new Response(undefined, { status: 404 });
    const { pathname, search } = new URL(request.url);
    if (pathname.startsWith('/api/')) return forward(request, `${pathname}${search}`);
    if (request.method !== 'GET' || !pathname.startsWith('/kiosk/')) return new Response(undefined, { status: 404 });
    return file(pathname);
  };

  async function file(pathname: string): Promise<Response> {
    const asset = /^\/kiosk\/(assets\/[\w.-]+)$/.exec(pathname)?.[1];
    const path = asset ?? 'index.html';
    const bytes = await readFile(path);
    const type = TYPES[path.split('.').at(-1) ?? ''];
    if (!bytes || type === undefined) return new Response(undefined, { status: 404 });
    return new Response(new Uint8Array(bytes), { headers: { ...SECURITY_HEADERS, 'content-type': type } });
  }

  async function forward(request: Request, path: string): Promise<Response> {
    const to = upstream();
    if (!to) return away();
    const headers = new Headers({ cookie: `${KIOSK_COOKIE}=${to.token}` });
    for (const name of HANDED_ON) {
      const value = request.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    try {
      const answer = await fetch(`${to.url}${path}`, {
        method: request.method,
        headers,
        redirect: 'manual',
        signal: request.signal,
        ...(request.body && { body: request.body, duplex: 'half' }),
      });
      // Cookies of the server are the shell's affair.
      const told = new Headers(answer.headers);
      told.delete('set-cookie');
      return new Response(answer.body, { status: answer.status, headers: told });
    } catch {
      return away();
    }
  }
}

/** RFC 9457, as the page expects it: nobody answers. */
const away = (): Response =>
  Response.json(
    { status: 503, code: 'E-WEB-0101' },
    { status: 503, headers: { 'content-type': 'application/problem+json' } },
  );
