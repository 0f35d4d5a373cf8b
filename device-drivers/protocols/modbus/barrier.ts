import { type Failure, failure, ms } from '@hallhub/sync/base';
import type { OpenCommand, Passage } from '../../capabilities/index.ts';
import { type Receipt, createEmitter } from '../../kit/index.ts';
import { type Feature, type FeatureContext, receipt } from './feature.ts';
import { watchInputs } from './contacts.ts';
import type { UnitParams } from './params.ts';

/** The unit in which these boards count a pulse. */
const PULSE_UNIT_MS = 100;

/** The tenths of a second for a pulse; at least as long as asked. */
export const tenths = (duration: number): number => Math.ceil(duration / PULSE_UNIT_MS);

/** Releases a barrier for a time that the board itself keeps, and counts who walks through. */
export function createBarrier(context: FeatureContext, relay: NonNullable<UnitParams['relay']>): Feature {
  const { deviceId, bus, clock, params, ledger } = context;
  const { unit, input } = params;
  const passages = createEmitter<Passage>(context.onListenerError);

  const release = async (command: OpenCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const { hold, direction } = command.args;
    const channel = direction === 'in' ? relay.in : relay.out;
    if (channel === undefined) return failure('E-DEV-0203', `${deviceId} has no relay for direction ${direction}`);
    if (!(hold > 0) || hold > params.longestPulseMs) {
      return failure('E-DEV-0203', `a release of ${hold} ms is not within 0–${params.longestPulseMs} ms`);
    }
    // The line has just come up: somebody's card was faster than the board's first answer. The veto says if it took too long.
    await context.greeted();
    const result = await bus.write(
      { function: 'flash-on', unit, channel, tenths: tenths(hold) },
      { veto, urgent: true },
    );
    return result.ok ? receipt(command, 'acknowledged', clock.now()) : result;
  };
  const barrier = { open: (command: OpenCommand) => ledger.run(command, (veto) => release(command, veto)) };
  if (!input) return { capabilities: { barrier } };

  const ways = [
    { direction: 'in' as const, channel: input.in },
    ...(input.out === undefined ? [] : [{ direction: 'out' as const, channel: input.out }]),
  ];
  return {
    capabilities: { barrier, passageSensor: { onPassage: passages.on } },
    ...watchInputs({
      channels: ways.map(({ channel }) => channel),
      activeWhen: params.inputActiveWhen,
      debounce: ms(params.debounceMs),
      every: ms(params.pollEveryMs),
      onChange: (index, active, at) => {
        const way = ways[index];
        if (way && active) passages.emit({ direction: way.direction, at });
      },
    }),
  };
}
