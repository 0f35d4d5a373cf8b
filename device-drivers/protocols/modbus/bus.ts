import type { Cancel, Failure, Result } from '@hallhub/sync/base';
import type { Traffic, Veto } from '../../kit/index.ts';
import type { ModbusRequest, ReadFunction } from './rtu-frames.ts';

export interface CallOptions {
  /** Asked in the very moment before the bytes leave. */
  readonly veto?: Veto;
  readonly urgent?: boolean;
}

/** What hears of the bus's life. */
export interface BusMember {
  onUp(): void;
  onDown(reason: Failure): void;
}

export type WriteRequest = Exclude<ModbusRequest, { readonly function: ReadFunction }>;

/**
 * A Modbus master on one line, RTU or TCP, shared by the drivers of all units on it. Errors: those of an exchange, and
 * `E-DEV-0203` for an exception reply.
 */
export interface ModbusBus {
  /** Opens the line with its first member and closes it with its last. */
  join(member: BusMember): () => Promise<void>;
  readonly lineName: string;
  readBits(
    unit: number,
    name: 'read-coils' | 'read-discrete-inputs',
    address: number,
    count: number,
  ): Promise<Result<readonly boolean[]>>;
  readRegisters(
    unit: number,
    name: 'read-holding-registers' | 'read-input-registers',
    address: number,
    count: number,
  ): Promise<Result<readonly number[]>>;
  write(request: WriteRequest, options?: CallOptions): Promise<Result<void>>;
  /** Traffic with the unit that it belongs to, where that can be said. */
  onTraffic(listener: (event: { readonly unit: number | undefined; readonly traffic: Traffic }) => void): Cancel;
}
