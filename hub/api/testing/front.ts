import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@hallhub/sync/base';
import { createLog } from '../../log.ts';
import type { Account, Grant, Staff } from '../../staff/index.ts';
import type { Api } from '../api.ts';
import { createApi } from '../api.ts';
import type { Live } from '../live.ts';
import { createLive } from '../live.ts';
import { createServer } from '../server.ts';

/**
 * The web server with the routes under test alone. Who asks is a name of `who`; nobody else is logged in. `ask` tells the
 * status, with the code of a refusal: `204`, `403 E-STAFF-0104`.
 */
export async function createFront(options: {
  readonly clock: Clock;
  readonly who: Readonly<Record<string, readonly Grant[]>>;
  /** Whose page asks, where a kiosk's does. */
  readonly kiosk?: string;
  readonly routes: (api: Api, live: Live) => void;
}) {
  const { clock, who } = options;
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-front-'));
  const server = await createServer({ log: createLog({ level: 'silent' }), webRoot: folder });
  const live = createLive({ epoch: 'e', clock });
  const whoIs = (name: string): Account | undefined => {
    const grants = who[name];
    return grants && { id: name, login: name, name, grants, disabled: false };
  };
  options.routes(
    createApi({ server, staff: { whoIs } as unknown as Staff, isKiosk: (id) => id === options.kiosk }),
    live,
  );
  return {
    read: async (name: string, url: string): Promise<unknown> =>
      (await server.inject({ url, cookies: { hallhub_session: name } })).json(),
    ask: async (name: string, method: 'GET' | 'POST', url: string, payload?: object): Promise<string> => {
      const answer = await server.inject({
        method,
        url,
        cookies: { hallhub_session: name },
        headers: { 'x-hallhub': '1' },
        ...(payload && { payload }),
      });
      if (answer.statusCode < 300) return String(answer.statusCode);
      return `${answer.statusCode} ${answer.json<{ code: string }>().code}`;
    },
    /** As the kiosk's page: its answer's status and body. */
    page: async (
      method: 'GET' | 'POST',
      url: string,
      payload?: object,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<{ readonly status: number; readonly body: unknown }> => {
      const answer = await server.inject({
        method,
        url,
        headers: { 'x-hallhub': '1', ...headers },
        ...(payload && { payload }),
      });
      return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
    },
    /** Serves on the loopback interface; its address. */
    listen: (): Promise<string> => server.listen({ host: '127.0.0.1', port: 0 }),
    close: async (): Promise<void> => {
      live.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
