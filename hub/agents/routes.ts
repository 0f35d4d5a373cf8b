import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { problem } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { AgentConfig } from '../config/index.ts';
import { showCode } from './code-text.ts';
import type { Enrolment } from './enrolment.ts';
import { enrolRequestSchema } from './enrolment-contract.ts';
import type { AgentLink } from './link.ts';
import type { EventsShed } from './shed-log.ts';
import type { AgentView } from './view.ts';

const agent = z.object({ id: z.string().max(63) });

/** Agents for the console, and the one route that an agent calls before it is one. */
export function agentRoutes(
  api: Api,
  deps: {
    readonly configured: readonly AgentConfig[];
    readonly enrolment: Enrolment;
    readonly link: AgentLink;
    readonly live: Live;
    /** Those whose withdrawal the broker has not carried out yet. */
    readonly withdrawing: () => readonly string[];
    /** Of the authority whose certificate the hub shows, where it is the hub's own. */
    readonly fingerprint: string | undefined;
  },
): void {
  const { configured, enrolment, link, live, withdrawing, fingerprint } = deps;
  link.onChange((id) => {
    live.publish('agents', { id });
  });

  const view = (): readonly AgentView[] => {
    const open = withdrawing();
    const enrolled = new Map(enrolment.enrolled().map((known) => [known.id, known]));
    return configured.map(({ id, label }) => {
      const { connected, hello, heardAt, clockOffset, shed } = link.state(id);
      return {
        id,
        label,
        enrolledAt: enrolled.get(id)?.enrolledAt ?? null,
        revokedAt: enrolled.get(id)?.revokedAt ?? null,
        withdrawing: open.includes(id),
        connected,
        heardAt: heardAt ?? null,
        clockOffset: clockOffset ?? null,
        version: hello?.version ?? null,
        profiles: hello?.profiles ?? null,
        safeMode: hello?.safeMode ?? null,
        pendingEvents: hello?.pendingEvents ?? null,
        shed: shed ? shownOf(shed) : null,
        devices: link.host
          .devices()
          .filter(({ line }) => line.startsWith(`${id}: `))
          .map((device) => device.id),
      };
    });
  };

  api.route({ method: 'GET', url: '/api/agents', access: ['operator', 'auditor'], handler: view });
  api.route({
    method: 'POST',
    url: '/api/agents/:id/code',
    access: ['operator'],
    params: agent,
    handler: ({ params, staff }) => {
      const created = enrolment.createCode(params.id, `staff:${staff.id}`);
      if (!created.ok) return created;
      const { secret, expiresAt } = created.value;
      return { code: showCode({ secret, ...(fingerprint !== undefined && { fingerprint }) }), expiresAt };
    },
  });
  api.route({
    method: 'POST',
    url: '/api/agents/enrol',
    access: 'public',
    body: enrolRequestSchema,
    handler: async ({ body, request }) => {
      const redeemed = await enrolment.redeem({
        source: request.ip,
        code: body.code,
        publicKey: Buffer.from(body.publicKey, 'base64'),
        proof: Buffer.from(body.proof, 'base64'),
      });
      if (!redeemed.ok) return redeemed;
      link.assign(redeemed.value.agent);
      live.publish('agents', { id: redeemed.value.agent });
      return { sealed: redeemed.value.sealed.toString('base64') };
    },
  });
  api.route({
    method: 'GET',
    url: '/api/agents/:id/document',
    access: 'public',
    params: agent,
    handler: ({ params, request, reply }) => {
      const [, token] = /^Bearer ([\w-]{16,64})$/.exec(request.headers.authorization ?? '') ?? [];
      const taken = token === undefined ? undefined : link.handover.take(params.id, token);
      if (!taken) return problem(reply, { code: 'E-API-0102' });
      reply.raw.once('finish', taken.delivered);
      return reply.type('application/octet-stream').header('cache-control', 'no-store').send(Buffer.from(taken.bytes));
    },
  });
  api.route({
    method: 'POST',
    url: '/api/agents/:id/revoke',
    access: ['operator'],
    params: agent,
    handler: async ({ params, staff }) => {
      const by = `staff:${staff.id}`;
      const revoked = enrolment.revoke(params.id, by);
      if (!revoked.ok) return revoked;
      // Told while it can still hear, and shut out whether it has heard or not.
      await link.withdraw(params.id);
      enrolment.shutOut(params.id, by);
      live.publish('agents', { id: params.id });
      return undefined;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/agents/:id/leave-safe-mode',
    access: ['operator'],
    params: agent,
    handler: async ({ params }) => {
      const left = await link.leaveSafeMode(params.id);
      return left.ok ? undefined : left;
    },
  });
}

function shownOf({ since, at, ...counts }: EventsShed): AgentView['shed'] {
  return { since, at, counts };
}
