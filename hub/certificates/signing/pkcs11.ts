import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Clock, type DurationMs, type Result, failure, ok, seconds } from '@hallhub/sync/base';
import type { SigningKey } from './cms.ts';
import type { TokenKey } from './cryptoki.ts';
import type { TokenAnswer, TokenOrder } from './token-worker.ts';

export interface TokenOptions {
  readonly key: TokenKey;
  readonly clock: Clock;
  /** How long one signature may take, the start of the token's process included; 20 s by default. */
  readonly atMost?: DurationMs;
}

type Answered = Extract<TokenAnswer, { ok: true }>;
type Wish = { readonly type: 'open' } | { readonly type: 'sign'; readonly data: Uint8Array };

/** `CKR_PIN_INCORRECT` to `CKR_PIN_LOCKED`. */
const PIN_REFUSED = /^C_Login: CKR 0xa[0-4]$/;
const worker = fileURLToPath(new URL('./token-worker.ts', import.meta.url));

/**
 * A key on a PKCS#11 token (RSA or P-256), found by the token's label and its own, and used in a process apart, which is
 * started again when it has died. Errors: `E-CERT-0501` with the token's own return value (`CKR_…`, hex), `0505` PIN refused,
 * after which this key asks the token nothing more.
 */
export async function pkcs11Key({ key, clock, atMost = seconds(20) }: TokenOptions): Promise<Result<SigningKey>> {
  let child: ChildProcess | undefined;
  let lastId = 0;
  let turn: Promise<unknown> = Promise.resolve();
  /** A token counts wrong PINs and locks itself after a few: this one is not tried again. */
  let refusedPin: Result<never> | undefined;
  const pinRefusal = (): typeof refusedPin => refusedPin;

  const end = (): void => {
    child?.kill('SIGKILL');
    child = undefined;
  };
  const refusal = (why: string): Result<never> => {
    if (!PIN_REFUSED.test(why)) return failure('E-CERT-0501', why);
    refusedPin = failure('E-CERT-0505', why);
    return refusedPin;
  };
  const ask = (to: ChildProcess, wish: Wish): Promise<Result<Answered>> =>
    new Promise((resolve) => {
      const id = (lastId += 1);
      const done = (result: Result<Answered>): void => {
        cancel();
        to.off('message', onMessage);
        to.off('exit', onExit);
        resolve(result);
      };
      const onMessage = (answer: TokenAnswer): void => {
        if (answer.id === id) done(answer.ok ? ok(answer) : refusal(answer.why));
      };
      const onExit = (): void => {
        if (child === to) child = undefined;
        done(failure('E-CERT-0501', "the token's process ended"));
      };
      const cancel = clock.after(atMost, () => {
        end();
        done(failure('E-CERT-0501', `no answer within ${atMost} ms`));
      });
      to.on('message', onMessage);
      to.once('exit', onExit);
      // The PIN goes this way: the arguments of a process can be read by others.
      to.send((wish.type === 'open' ? { id, type: 'open', key } : { id, ...wish }) satisfies TokenOrder);
    });
  const once = async (wish: Wish): Promise<Result<Answered>> => {
    if (child) return ask(child, wish);
    const fresh = fork(worker, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    fresh.on('error', () => undefined);
    child = fresh;
    const opened = await ask(fresh, { type: 'open' });
    if (!opened.ok) end();
    return wish.type === 'open' || !opened.ok ? opened : ask(fresh, wish);
  };
  /** One after the other; once more when the first fails, for the token may have been away meanwhile. */
  const use = (wish: Wish): Promise<Result<Answered>> => {
    const mine = turn.then(async () => {
      const refused = pinRefusal();
      if (refused) return refused;
      const wasRunning = child !== undefined;
      const first = await once(wish);
      return first.ok || !wasRunning || pinRefusal() ? first : once(wish);
    });
    turn = mine;
    return mine;
  };

  const opened = await use({ type: 'open' });
  if (!opened.ok) return opened;
  const { bytes: certificate, isEc } = opened.value;
  return ok({
    certificate: Uint8Array.from(certificate),
    chain: [],
    type: isEc ? 'ec' : 'rsa',
    sign: async (data) => {
      const signed = await use({ type: 'sign', data: isEc ? createHash('sha256').update(data).digest() : data });
      return signed.ok ? ok(Uint8Array.from(signed.value.bytes)) : signed;
    },
    close: async () => {
      await turn;
      end();
    },
  });
}
