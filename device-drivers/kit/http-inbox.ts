import type { Cancel, Result } from '@hallhub/sync/base';
import { z } from 'zod';
import type { OrderLife } from './command.ts';

/**
 * Whose a request is. All that is given must hold; of several devices for which it does, the one that says most. At least one
 * of the three is given ({@link httpDoorSchema}).
 */
export interface HttpDoor {
  /** The first segment of the path, which nobody can guess: for devices whose address to report to can be set freely. */
  readonly token?: string;
  /** A parameter of the query: for devices with a path of their own that say who they are (`?SN=…`). */
  readonly query?: { readonly name: string; readonly value: string };
  /** Where it comes from, IPv4 or IPv6: for devices that can do neither. */
  readonly address?: string;
}

/** What a device reports. */
export interface HttpReport {
  readonly method: string;
  /** Without the token, with a slash before it. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly remoteAddress: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly body: Uint8Array;
}

/**
 * One request of a device and the one answer to it. The device waits: what is not answered within {@link ANSWER_WITHIN} is
 * answered with 503, as are those beyond {@link WAITING_AT_MOST} at a time.
 */
export interface HttpExchange {
  readonly report: HttpReport;
  /**
   * Settles when the operating system has taken the last byte. Errors: `E-DEV-0103` the device is gone or was answered
   * already; whether it has read anything is then not known. `E-DEV-0201` it would have carried an order that has expired:
   * nothing was sent, and another answer may be given.
   */
  answer(answer: HttpAnswer, order?: OrderLife): Promise<Result<void>>;
}

/** HTTP requests that devices send by themselves, to one port of this host. */
export interface HttpInbox {
  /** `http://0.0.0.0:8090`. */
  readonly name: string;
  /**
   * Hears what comes to a door from now on. The port is open while anybody listens.
   *
   * Errors: `E-DEV-0101` the port cannot be opened, `E-DEV-0306` somebody else has the same door.
   */
  listen(door: HttpDoor, onExchange: (exchange: HttpExchange) => void): Promise<Result<Cancel>>;
}

/** Milliseconds: longer than cameras hold a long poll open. */
export const ANSWER_WITHIN = 40_000;
/** Requests of one device that wait for their answers. */
export const WAITING_AT_MOST = 8;

/** A door as a parameter of a device. */
export const httpDoorSchema = z
  .strictObject({
    token: z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,64}$/, '16 to 64 letters, digits, _ and -: random ones')
      .exactOptional(),
    query: z.strictObject({ name: z.string().min(1).max(64), value: z.string().min(1).max(128) }).exactOptional(),
    address: z.union([z.ipv4(), z.ipv6()]).exactOptional(),
  })
  .refine(
    ({ token, query, address }) => token !== undefined || query !== undefined || address !== undefined,
    'a token, a query parameter or an address',
  );
