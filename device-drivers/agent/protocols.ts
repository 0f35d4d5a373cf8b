import type { Protocol } from '../kit/index.ts';
import { escposProtocol } from '../protocols/escpos/index.ts';
import { modbusRtuProtocol, modbusTcpProtocol } from '../protocols/modbus/index.ts';
import { ippOverNetwork } from '../protocols/ipp/index.ts';
import { osdpProtocol } from '../protocols/osdp/index.ts';
import { residentIdProtocol } from '../protocols/resident-id/index.ts';
import { wiegandLineProtocol } from '../protocols/wiegand-line/index.ts';
import { codeScannerProtocol } from '../protocols/code-scanner/index.ts';
import { turnstileRs485Protocol } from '../protocols/turnstile-rs485/index.ts';
import { shellyProtocol } from '../protocols/shelly/index.ts';
import { tasmotaProtocol } from '../protocols/tasmota/index.ts';
import { zigbee2mqttProtocol } from '../protocols/zigbee2mqtt/index.ts';

/** The protocols that come with the product. A new one is a line here. */
export const builtInProtocols: readonly Protocol[] = [
  residentIdProtocol,
  modbusRtuProtocol,
  modbusTcpProtocol,
  wiegandLineProtocol,
  codeScannerProtocol,
  turnstileRs485Protocol,
  osdpProtocol,
  ippOverNetwork,
  escposProtocol,
  tasmotaProtocol,
  shellyProtocol,
  zigbee2mqttProtocol,
];
