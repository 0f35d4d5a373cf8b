import { type EpochMs, type Failure, type Result, failure, ms, ok } from '@hallhub/sync/base';
import type { CapabilityMap } from '../../capabilities/index.ts';
import { type Receipt, createEmitter } from '../../kit/index.ts';
import { tenths } from './barrier.ts';
import type { WriteRequest } from './bus.ts';
import { type Feature, type FeatureContext, receipt } from './feature.ts';
import type { UnitParams } from './params.ts';

type SetCommand = Parameters<CapabilityMap['switch']['set']>[0];
type Change = Parameters<Parameters<CapabilityMap['switch']['onChange']>[0]>[0];

/** The request that does what is asked. Errors: `E-DEV-0203` for what this board cannot do safely. */
export function planSwitch(params: UnitParams, args: SetCommand['args']): Result<WriteRequest> {
  const board = params.switch;
  const { channel, on, pulse } = args;
  if (!board || channel >= board.channels) return failure('E-DEV-0203', `there is no channel ${channel}`);
  const { unit } = params;
  if (pulse === undefined) {
    if (on && board.pulseOnly.includes(channel)) {
      return failure('E-DEV-0203', `channel ${channel} is never switched on without a pulse`);
    }
    const address = board.firstCoil + channel;
    return ok(
      board.write === 'single'
        ? { function: 'write-coil', unit, address, on }
        : { function: 'write-coils', unit, address, on: [on] },
    );
  }
  if (!on) return failure('E-DEV-0203', 'this board times no pulse that begins with off');
  if (board.pulse === 'none') return failure('E-DEV-0203', 'this board times no pulses');
  if (!(pulse > 0) || pulse > params.longestPulseMs) {
    return failure('E-DEV-0203', `a pulse of ${pulse} ms is not within 0–${params.longestPulseMs} ms`);
  }
  return ok({ function: 'flash-on', unit, channel: board.firstCoil + channel, tenths: tenths(pulse) });
}

/** Coils as switches, read back after each order. */
export function createSwitch(context: FeatureContext, board: NonNullable<UnitParams['switch']>): Feature {
  const { bus, clock, params, ledger } = context;
  const { unit } = params;
  const changes = createEmitter<Change>(context.onListenerError);
  let known: (boolean | undefined)[] = [];

  const note = (channel: number, on: boolean, at: EpochMs): void => {
    const before = known[channel];
    known[channel] = on;
    if (before !== undefined && before !== on) changes.emit({ channel, on, at });
  };
  const readAll = (): Promise<Result<readonly boolean[]>> =>
    bus.readBits(unit, 'read-coils', board.firstCoil, board.channels);

  const set = async (command: SetCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const { channel, on, pulse } = command.args;
    const request = planSwitch(params, command.args);
    if (!request.ok) return request;
    await context.greeted();
    const written = await bus.write(request.value, { veto, urgent: true });
    if (!written.ok) return written;
    const seen = await bus.readBits(unit, 'read-coils', board.firstCoil + channel, 1);
    if (!seen.ok) return receipt(command, 'acknowledged', clock.now());
    const now = seen.value[0] === true;
    note(channel, now, clock.now());
    if (now === on) return receipt(command, 'observed', clock.now());
    // A short pulse may be over by now; a channel that does not follow a plain order is defective or held by another master.
    return pulse === undefined
      ? failure('E-DEV-0208', `channel ${channel} was ordered ${on ? 'on' : 'off'}, and the board reports it otherwise`)
      : receipt(command, 'acknowledged', clock.now());
  };

  return {
    capabilities: {
      switch: {
        set: (command) => ledger.run(command, (veto) => set(command, veto)),
        state: async () => {
          const read = await readAll();
          return read.ok ? ok({ on: read.value, at: clock.now() }) : read;
        },
        onChange: changes.on,
      },
    },
    polls: [
      {
        every: ms(board.readEveryMs),
        read: async () => {
          const read = await readAll();
          if (!read.ok) return read;
          return ok({
            apply: () => {
              for (const [channel, on] of read.value.entries()) note(channel, on, clock.now());
            },
          });
        },
      },
    ],
    forget: () => {
      known = [];
    },
  };
}
