import { join } from 'node:path';
import type { ReaderFaults, SimulatedCard } from '@hallhub/device-drivers/protocols/resident-id';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const SIMULATOR = join(import.meta.dirname, '../../device-drivers/protocols/resident-id/simulator-main.ts');

/** A card reader in a process of its own, on a pty, sending its bytes at 115,200 baud. */
export interface ReaderProcess {
  put(card: SimulatedCard): Promise<void>;
  lift(): Promise<void>;
  /** The same, and whoever reads has seen that it is gone: the same card put there again is a new one. */
  takeAway(): Promise<void>;
  /** They stay until others are given. */
  faults(faults: ReaderFaults): Promise<void>;
  stop(): Promise<void>;
}

export async function startReader(path: string): Promise<ReaderProcess> {
  const program = runProgram({
    command: process.execPath,
    arguments: [SIMULATOR, '--path', path, '--baud', '115200', '--read-time-ms', '50'],
  });
  const answers = (): readonly string[] => program.stdout.split('\n').slice(0, -1);
  await until('the reader is ready', () => answers().length > 0);
  const tell = async (order: object): Promise<void> => {
    const before = answers().length;
    program.tell(JSON.stringify(order));
    const answer = await until('the reader obeys', () => answers()[before]);
    if (answer !== '{"ok":true}') throw new Error(`the reader refused: ${answer}`);
  };
  return {
    put: (card) => tell({ do: 'put', card }),
    lift: () => tell({ do: 'lift' }),
    takeAway: async () => {
      await tell({ do: 'lift' });
      await tell({ do: 'missed' });
    },
    faults: (faults) => tell({ do: 'faults', faults }),
    stop: async () => {
      program.endInput();
      await program.ended();
    },
  };
}
