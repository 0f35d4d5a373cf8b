import { type Clock, type DurationMs, type Failure, err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { Command, Confirmation, Receipt } from './command.ts';
import type { MqttDevice, MqttReport } from './mqtt-device.ts';

/** What a report means for an order that waits for it. What is not `final` may still become better. */
export type OrderStep =
  { readonly confirmation: Confirmation; readonly final: boolean } | { readonly refused: string } | undefined;

export interface MqttOrder<R extends MqttReport> {
  readonly topic: string;
  readonly payload: string;
  readonly meaning: string;
  readonly take: (report: R) => OrderStep;
  /** Once the order has left: to ask what became of it, where the device does not say so by itself. */
  readonly then?: () => void;
  /** How long better news than an acknowledgement is waited for; 5 s by default. */
  readonly within?: DurationMs;
}

const WITHIN = seconds(5);

/**
 * Gives one order and waits for what the device says of it. Nothing is repeated: the device could not tell a repetition
 * from a second order. Errors: `E-DEV-0102` away, `E-DEV-0201` expired, `E-DEV-0202` no answer, `E-DEV-0203` refused,
 * `E-DEV-0206` the broker went away after the order had left.
 */
export async function giveMqttOrder<R extends MqttReport>(
  { device, clock }: { readonly device: MqttDevice<R>; readonly clock: Clock },
  command: Command,
  veto: () => Failure | undefined,
  order: MqttOrder<R>,
): Promise<Receipt> {
  const late = veto();
  if (late) return err(late);
  const { state, reason } = device.health;
  if (state !== 'ready') return err(reason ?? { code: 'E-DEV-0102', detail: 'it has not spoken yet' });
  let best: Confirmation | undefined;
  const { result, cancel } = device.hear((report): OrderStep => {
    const step = order.take(report);
    if (step === undefined) return undefined;
    if ('refused' in step) return step;
    best = step.confirmation;
    return step.final ? step : undefined;
  }, order.within ?? WITHIN);
  const lives = ms(Math.max(0, command.expiresAt - clock.now()));
  const sent = await device.send(order.topic, order.payload, order.meaning, lives);
  if (!sent.ok) {
    cancel();
    return sent;
  }
  order.then?.();
  const heard = await result;
  if (heard.ok && 'refused' in heard.value) return failure('E-DEV-0203', heard.value.refused);
  if (best === undefined) return heard.ok ? failure('E-DEV-0204') : heard;
  return ok({ commandId: command.id, confirmation: best, at: clock.now() });
}
