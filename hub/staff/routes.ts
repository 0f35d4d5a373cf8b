import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { SESSION_COOKIE } from '../api/api.ts';
import type { Account, Staff } from './service.ts';
import { ROLES } from './rules.ts';

const grants = z.array(z.object({ role: z.enum(ROLES), area: z.string().min(1).max(64) })).max(20);
const everyRole = ROLES;

const publicView = ({ id, login, name, grants, disabled }: Account) => ({ id, login, name, grants, disabled });

/** Log-in, log-out, the first operator's link, and the list of accounts. */
export function staffRoutes(api: Api, { staff, secure }: { readonly staff: Staff; readonly secure: boolean }): void {
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure } as const;

  api.route({
    method: 'POST',
    url: '/api/session',
    access: 'public',
    body: z.object({ login: z.string().min(1).max(64), password: z.string().min(1).max(256) }),
    handler: async ({ body, request, reply }) => {
      const result = await staff.logIn(body.login, body.password, request.ip);
      if (!result.ok) return result;
      reply.setCookie(SESSION_COOKIE, result.value.session, cookie);
      return publicView(result.value.account);
    },
  });
  api.route({
    method: 'GET',
    url: '/api/session',
    access: everyRole,
    anyArea: true,
    handler: ({ staff: account }) => publicView(account),
  });
  api.route({
    method: 'DELETE',
    url: '/api/session',
    access: 'public',
    handler: ({ request, reply }) => {
      const session = request.cookies[SESSION_COOKIE];
      if (session !== undefined) staff.logOut(session);
      reply.clearCookie(SESSION_COOKIE, cookie);
      return undefined;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/invitations/accept',
    access: 'public',
    body: z.object({
      token: z.string().max(100),
      login: z.string().regex(/^[\w.-]{2,32}$/),
      name: z.string().min(1).max(60),
      password: z.string().max(256),
    }),
    handler: async ({ body }) => {
      const result = await staff.accept(body.token, body);
      return result.ok ? publicView(result.value) : result;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/invitations',
    access: ['operator'],
    body: z.object({ grants }),
    handler: ({ staff: account, body }) => ({ token: staff.invite(account, body.grants) }),
  });
  api.route({
    method: 'GET',
    url: '/api/accounts',
    access: ['operator', 'auditor'],
    handler: () => staff.list().map(publicView),
  });
  api.route({
    method: 'PATCH',
    url: '/api/accounts/:id',
    access: ['operator'],
    params: z.object({ id: z.string().max(64) }),
    body: z.object({ grants: grants.optional(), disabled: z.boolean().optional() }),
    handler: ({ staff: account, params, body }) => {
      const result = staff.change(account, params.id, {
        ...(body.grants && { grants: body.grants }),
        ...(body.disabled !== undefined && { disabled: body.disabled }),
      });
      return result.ok ? publicView(result.value) : result;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/session/password',
    access: everyRole,
    anyArea: true,
    body: z.object({ old: z.string().max(256), next: z.string().max(256) }),
    handler: ({ staff: account, body }) => staff.changePassword(account, body.old, body.next),
  });
}
