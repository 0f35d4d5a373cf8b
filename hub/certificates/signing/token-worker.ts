import { type Session, type TokenKey, openSession } from './cryptoki.ts';

/*
 * The token's process: one key on one token. What a vendor's library does to the process that it is loaded into is then no
 * business of the hub's. A session that the token has forgotten is opened anew with the next order.
 */

export type TokenOrder =
  | { readonly id: number; readonly type: 'open'; readonly key: TokenKey }
  | { readonly id: number; readonly type: 'sign'; readonly data: Uint8Array };

export type TokenAnswer =
  | { readonly id: number; readonly ok: true; readonly bytes: Uint8Array; readonly isEc: boolean }
  | { readonly id: number; readonly ok: false; readonly why: string };

let key: TokenKey | undefined;
let session: Session | undefined;

function carryOut(order: TokenOrder): Uint8Array {
  if (order.type === 'open') key = order.key;
  if (!key) throw new Error('no key was named');
  session ??= openSession(key);
  return order.type === 'open' ? session.certificate : session.sign(order.data);
}

function answer(order: TokenOrder): TokenAnswer {
  try {
    const bytes = carryOut(order);
    return { id: order.id, ok: true, bytes, isEc: session?.isEc === true };
  } catch (error) {
    try {
      session?.close();
    } catch {
      // It is of no use any more, closed or not.
    }
    session = undefined;
    return { id: order.id, ok: false, why: error instanceof Error ? error.message : 'token' };
  }
}

process.on('message', (order: TokenOrder) => {
  process.send?.(answer(order));
});
process.on('disconnect', () => process.exit(0));
