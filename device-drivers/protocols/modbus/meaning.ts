import { type ModbusReply, type ModbusRequest, decodeBits, decodeRegisters, isBitRead } from './rtu-frames.ts';

/** A request in words for the operator. */
export function requestMeaning(request: ModbusRequest): string {
  const where = `unit ${request.unit}:`;
  switch (request.function) {
    case 'write-coil':
      return `${where} coil ${request.address} ${request.on ? 'on' : 'off'}`;
    case 'flash-on':
      return `${where} relay ${request.channel} on for ${request.tenths * 100} ms`;
    case 'write-register':
      return `${where} register ${request.address} = ${request.value}`;
    case 'write-coils':
      return `${where} coils from ${request.address} = ${bits(request.on)}`;
    case 'write-registers':
      return `${where} registers from ${request.address} = ${request.values.join(' ')}`;
    default:
      return `${where} ${request.function.replaceAll('-', ' ')} ${request.address}, ${request.count}`;
  }
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'device failure',
  5: 'acknowledged, still at work',
  6: 'device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target did not respond',
};

export function exceptionMeaning(exception: number): string {
  return `exception ${exception}: ${EXCEPTIONS[exception] ?? 'unknown'}`;
}

/** A reply in words for the operator. */
export function replyMeaning(request: ModbusRequest, reply: ModbusReply): string {
  if (reply.exception !== undefined) return `unit ${request.unit}: ${exceptionMeaning(reply.exception)}`;
  if (!('count' in request)) return `${requestMeaning(request)}, taken`;
  const values = isBitRead(request.function)
    ? bits(decodeBits(reply, request.count))
    : decodeRegisters(reply).join(' ');
  return `unit ${request.unit}: ${values}`;
}

function bits(values: readonly boolean[]): string {
  return values.map((on) => (on ? '1' : '0')).join('');
}
