import { ref } from 'vue';
import type { Grant, Role } from '../../staff/rules.ts';
import { call } from '../kit/http.ts';

export interface Me {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly grants: readonly Grant[];
}

/** Who is logged in here; undefined: not asked yet, null: nobody. */
export const me = ref<Me | null | undefined>();

export async function refreshMe(): Promise<void> {
  const answer = await call<Me>('GET', '/api/session');
  me.value = answer.ok ? answer.value : null;
}

export async function logOut(): Promise<void> {
  await call('DELETE', '/api/session');
  me.value = null;
}

/** Whether whoever is logged in holds one of the roles: everywhere, or (with `anyArea`) at least somewhere. */
export const holds = (roles: readonly Role[], anyArea = false): boolean =>
  me.value?.grants.some(
    ({ role, area }) => (anyArea || area === '*') && (role === 'operator' || roles.includes(role)),
  ) ?? false;
