import { z } from 'zod';
import type { Failure } from '@hallhub/sync/base';
import type { BusDevice } from '../../kit/index.ts';

const addressed = z.object({ boards: z.array(z.object({ address: z.int() })) });

/** Cabinets on one line with a board of the same address. Parameters that make no sense are told by `connect`. */
export function lockBoardClash({ params }: BusDevice, others: readonly BusDevice[]): Failure | undefined {
  const mine = addressed.safeParse(params);
  if (!mine.success) return undefined;
  for (const { deviceId, params: theirs } of others) {
    const other = addressed.safeParse(theirs);
    const shared = mine.data.boards.find(({ address }) =>
      other.data?.boards.some((board) => board.address === address),
    );
    if (shared) return { code: 'E-DEV-0306', detail: `${deviceId} has board ${shared.address}` };
  }
  return undefined;
}
