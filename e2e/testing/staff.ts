import type { HttpClient } from './http-client.ts';
import { httpClient } from './http-client.ts';
import type { HubProcess } from './hub-process.ts';

export const FIRST_OPERATOR = { login: 'first', name: '首位管理员', password: 'correct horse battery' } as const;

/** Becomes the first operator through the one-time link, and logs in. `hub` is asked again after a restart. */
export async function logInAsFirst(hub: () => HubProcess): Promise<HttpClient> {
  const staff = httpClient(() => hub().url);
  const { login, password } = FIRST_OPERATOR;
  await staff.ask('POST', '/api/invitations/accept', { token: await hub().firstOperatorToken(), ...FIRST_OPERATOR });
  await staff.ask('POST', '/api/session', { login, password });
  return staff;
}
