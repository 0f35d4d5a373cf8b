import { clashOf } from '../protocols/modbus/clash.ts';
import { clashOf as doorClash } from '../protocols/uhppote/clash.ts';
import { lockBoardClash } from '../protocols/lock-board/clash.ts';
import type { Protocol, ProtocolPlace } from '../kit/index.ts';

const place = (name: string, file: string, rules: Pick<ProtocolPlace, 'clash'> = {}): ProtocolPlace => ({
  name,
  module: new URL(`../protocols/${file}`, import.meta.url).href,
  ...rules,
});

/**
 * The protocols that come with the product, by where they are: nothing of them is loaded but in the threads that speak them.
 * A new one is a line here.
 */
export const builtInProtocols: readonly ProtocolPlace[] = [
  place('resident-id', 'resident-id/driver.ts'),
  place('modbus-rtu', 'modbus/protocol.ts', { clash: clashOf }),
  place('modbus-tcp', 'modbus/protocol.ts', { clash: clashOf }),
  place('wiegand-line', 'wiegand-line/driver.ts'),
  place('code-scanner', 'code-scanner/driver.ts'),
  place('turnstile-rs485', 'turnstile-rs485/driver.ts'),
  place('osdp', 'osdp/protocol.ts'),
  place('ipp', 'ipp/protocol.ts'),
  place('escpos', 'escpos/driver.ts'),
  place('tasmota', 'tasmota/protocol.ts'),
  place('shelly', 'shelly/protocol.ts'),
  place('zigbee2mqtt', 'zigbee2mqtt/protocol.ts'),
  place('vzenith-mqtt', 'vzenith/mqtt.ts'),
  place('vzenith-http', 'vzenith/http.ts'),
  place('hikvision-isapi', 'hikvision-isapi/protocol.ts'),
  place('hikvision-access', 'hikvision-access/protocol.ts'),
  place('dahua-cgi', 'dahua-cgi/protocol.ts'),
  place('zkteco-push', 'zkteco-push/protocol.ts'),
  place('uhppote', 'uhppote/protocol.ts', { clash: doorClash }),
  place('onbon-bx', 'onbon-bx/driver.ts'),
  place('number-board', 'number-board/driver.ts'),
  place('serial-panel', 'serial-panel/driver.ts'),
  place('audio-out', 'audio-out/driver.ts'),
  place('zpl', 'zpl/driver.ts'),
  place('lock-8a80', 'lock-8a80/driver.ts', { clash: lockBoardClash }),
  place('lock-kerong', 'lock-kerong/driver.ts', { clash: lockBoardClash }),
  place('lock-wkly', 'lock-wkly/driver.ts', { clash: lockBoardClash }),
  place('lock-winnsen', 'lock-winnsen/driver.ts', { clash: lockBoardClash }),
];

/** Loads the code of a protocol; undefined where its module exports none of that name. */
export async function loadProtocol({ name, module }: ProtocolPlace): Promise<Protocol | undefined> {
  const exported: unknown = await import(module);
  return Object.values(exported as object).find(
    (value: unknown): value is Protocol =>
      typeof value === 'object' && value !== null && 'connect' in value && 'name' in value && value.name === name,
  );
}

/** All of them loaded, for whoever runs drivers in its own thread: tests, tools. */
export async function loadBuiltInProtocols(): Promise<readonly Protocol[]> {
  const loaded = await Promise.all(builtInProtocols.map(loadProtocol));
  return loaded.map((protocol, index) => {
    if (!protocol) throw new Error(`no protocol ${builtInProtocols[index]?.name ?? ''} where it should be`);
    return protocol;
  });
}
