import type { DestinationStream, Logger } from 'pino';
import pino from 'pino';
import { maskNumber } from './vault/index.ts';

/** Anything that looks like a resident-ID number, wherever it turns up. */
const ID_NUMBER = /(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![0-9A-Za-z])/g;
const SECRET = ['password', 'token', 'authorization', 'cookie', 'name', 'studentName', 'phone'];

/** Structured logs. Secrets and names are left out by key; ID numbers are masked wherever they stand. */
export function createLog({
  level,
  destination,
}: {
  readonly level: string;
  readonly destination?: DestinationStream;
}): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET.flatMap((key) => [key, `*.${key}`]), censor: '[masked]' },
    hooks: { streamWrite: (line) => line.replace(ID_NUMBER, maskNumber) },
  };
  return destination ? pino(options, destination) : pino(options);
}
