import { type Clock, type Failure, failure } from '@hallhub/sync/base';
import type { OrderLife, Receipt } from '../../kit/index.ts';

/**
 * The last gate before the bytes of an order leave. A driver asks in its thread whether its order still lives, and the bytes
 * then wait for the host, which may be busy for longer than the order lives.
 */
export interface LateOrders {
  /** Why these bytes may not leave any more; for every message of an order, right before it leaves. */
  refuse(order: OrderLife | undefined): Failure | undefined;
  /** Runs one order. Where all of it was held back, the driver's "no answer" becomes what it is: expired, nothing left. */
  run(commandId: string, give: () => Promise<Receipt>): Promise<Receipt>;
}

export function createLateOrders({ clock }: { readonly clock: Clock }): LateOrders {
  const fates = new Map<string, { hasLeft: boolean; wasHeldBack: boolean }>();
  return {
    refuse: (order) => {
      if (!order) return undefined;
      const isLate = clock.monotonic() >= order.until;
      const fate = fates.get(order.commandId);
      if (fate && isLate) fate.wasHeldBack = true;
      else if (fate) fate.hasLeft = true;
      return isLate ? { code: 'E-DEV-0201', detail: `command ${order.commandId}` } : undefined;
    },
    run: async (commandId, give) => {
      const fate = { hasLeft: false, wasHeldBack: false };
      fates.set(commandId, fate);
      const receipt = await give();
      fates.delete(commandId);
      return receipt.ok || fate.hasLeft || !fate.wasHeldBack ? receipt : failure('E-DEV-0201', `command ${commandId}`);
    },
  };
}
