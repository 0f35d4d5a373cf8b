import type { LockerOrderView, LockerView, Presented } from '@hallhub/hub/lockers/contract';
import type { FastifyInstance, FastifyReply } from 'fastify';

/* What an agent beside a cabinet tells its screen, by hub/lockers/terminal-contract.ts, as a test says it. */

export interface LockerScript {
  view: LockerView;
  /** What a code that is typed opens. */
  presented: Presented;
  order: LockerOrderView;
  /** What becomes of the order once it is answered on the screen. */
  answered: Partial<LockerOrderView>;
  /** Answers every question about an order with this code. */
  orderRefusal?: string;
}

/** A cabinet with room, whose doors open. */
export const quietCabinet = (): LockerScript => ({
  view: {
    id: 'east',
    label: { zh: '东区文件柜', en: 'Document lockers, east' },
    free: { small: 4, medium: 2, large: 1 },
    working: true,
  },
  presented: { session: 'l1', passes: [{ id: 'in', purpose: 'deposit', size: 'small' }] },
  order: { id: 'o1', purpose: 'deposit', compartment: 'A07', state: 'opening', shutIt: false },
  answered: {},
});

/** The routes that read, and the one that waits for a card; what is posted otherwise the server answers. */
export function serveLocker(
  server: FastifyInstance,
  base: string,
  script: { readonly locker: LockerScript },
): { readonly show: (presented: Presented) => number } {
  const listening = new Set<FastifyReply>();
  server.get(base, () => script.locker.view);
  server.get(`${base}/orders/:id`, (_request, reply) => {
    const { order, orderRefusal } = script.locker;
    return orderRefusal === undefined ? order : reply.code(409).send({ status: 409, code: orderRefusal });
  });
  server.post(`${base}/listen`, (_request, reply) => {
    listening.add(reply);
    reply.raw.on('close', () => listening.delete(reply));
  });
  return {
    show: (presented) => {
      const heard = [...listening];
      for (const reply of heard) void reply.send(presented);
      return heard.length;
    },
  };
}
