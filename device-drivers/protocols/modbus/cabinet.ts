import { ms, ok } from '@hallhub/sync/base';
import { type DoorReading, createCabinet } from '../lock-board/cabinet.ts';
import { tenths } from './barrier.ts';
import type { Feature, FeatureContext } from './feature.ts';
import type { UnitParams } from './params.ts';

/**
 * Locks on the relays of a unit, their contacts on its inputs. The unit times each pulse itself: a crash between on and off
 * would burn the solenoid.
 */
export function createRelayCabinet(context: FeatureContext, params: NonNullable<UnitParams['cabinet']>): Feature {
  const { bus, clock, ledger } = context;
  const { unit } = context.params;
  const { compartments, firstRelay, pulseMs, contacts, items } = params;
  const bank = { first: 1, count: compartments };
  const sensors = [contacts, items].flatMap((each) => (each ? [each.firstInput] : []));
  const first = Math.min(...sensors);
  const count = Math.max(...sensors) + compartments - first;

  const readingsOf = (closed: readonly boolean[]): readonly DoorReading[] =>
    Array.from({ length: compartments }, (_, index) => {
      const isActive = (part: typeof contacts | typeof items, active: 'closed' | 'open'): boolean | undefined =>
        part && (closed[part.firstInput - first + index] === true) === (active === 'closed');
      return {
        compartment: index + 1,
        open: isActive(contacts, contacts?.openWhen ?? 'open'),
        occupied: isActive(items, items?.occupiedWhen ?? 'closed'),
      };
    });
  const cabinet = createCabinet({
    clock,
    ledger,
    onListenerError: context.onListenerError,
    banks: [bank],
    bankOf: (compartment) => (compartment >= 1 && compartment <= compartments ? bank : undefined),
    readings: params.readings,
    opensWithin: ms(params.opensWithinMs),
    contacts: contacts !== undefined,
    read: async () => {
      if (sensors.length === 0) return ok([]);
      const read = await bus.readBits(unit, 'read-discrete-inputs', first, count);
      return read.ok ? ok(readingsOf(read.value)) : read;
    },
    pulse: async (compartment, veto) => {
      await context.greeted();
      const channel = firstRelay + compartment - 1;
      const written = await bus.write(
        { function: 'flash-on', unit, channel, tenths: tenths(pulseMs) },
        { veto, urgent: true },
      );
      return written.ok ? ok('acknowledged') : written;
    },
  });

  return {
    capabilities: { cabinet: cabinet.capability },
    ...(sensors.length > 0 && {
      polls: [
        {
          every: ms(context.params.pollEveryMs),
          read: async () => {
            const read = await bus.readBits(unit, 'read-discrete-inputs', first, count);
            if (!read.ok) return read;
            return ok({ apply: () => (cabinet.take(bank, readingsOf(read.value)) ? ms(0) : undefined) });
          },
        },
      ],
    }),
    forget: () => {
      cabinet.forget();
    },
    stop: () => {
      cabinet.stop();
    },
  };
}
