import { escposConformance } from '../protocols/escpos/conformance.ts';
import { ippConformance } from '../protocols/ipp/conformance.ts';
import { modbusConformance, modbusTcpConformance } from '../protocols/modbus/conformance.ts';
import { osdpConformance } from '../protocols/osdp/conformance.ts';
import { residentIdConformance } from '../protocols/resident-id/conformance.ts';
import { wiegandLineConformance } from '../protocols/wiegand-line/conformance.ts';
import { codeScannerConformance } from '../protocols/code-scanner/conformance.ts';
import { turnstileRs485Conformance } from '../protocols/turnstile-rs485/conformance.ts';
import { shellyConformance } from '../protocols/shelly/conformance.ts';
import { tasmotaConformance } from '../protocols/tasmota/conformance.ts';
import { uhppoteConformance } from '../protocols/uhppote/conformance.ts';
import { zigbee2mqttConformance } from '../protocols/zigbee2mqtt/conformance.ts';
import { dahuaCgiConformance } from '../protocols/dahua-cgi/conformance.ts';
import { hikvisionIsapiConformance } from '../protocols/hikvision-isapi/conformance.ts';
import { hikvisionAccessConformance } from '../protocols/hikvision-access/conformance.ts';
import { vzenithHttpConformance, vzenithMqttConformance } from '../protocols/vzenith/conformance.ts';
import { zktecoPushConformance } from '../protocols/zkteco-push/conformance.ts';
import { audioOutConformance } from '../protocols/audio-out/conformance.ts';
import { numberBoardConformance } from '../protocols/number-board/conformance.ts';
import { onbonBxConformance } from '../protocols/onbon-bx/conformance.ts';
import { serialPanelConformance } from '../protocols/serial-panel/conformance.ts';
import { lock8a80Conformance } from '../protocols/lock-8a80/conformance.ts';
import { lockKerongConformance } from '../protocols/lock-kerong/conformance.ts';
import { lockWinnsenConformance } from '../protocols/lock-winnsen/conformance.ts';
import { lockWklyConformance } from '../protocols/lock-wkly/conformance.ts';
import { zplConformance } from '../protocols/zpl/conformance.ts';
import type { ProtocolConformance } from './types.ts';

export { type Check, checksOf, runChecks } from './run.ts';
export type { CheckReport, ProtocolConformance } from './types.ts';

/** What each protocol brings to be checked with. Every protocol has a line here. */
export const builtInConformance: readonly ProtocolConformance[] = [
  residentIdConformance,
  modbusConformance,
  modbusTcpConformance,
  wiegandLineConformance,
  codeScannerConformance,
  turnstileRs485Conformance,
  osdpConformance,
  ippConformance,
  escposConformance,
  tasmotaConformance,
  shellyConformance,
  zigbee2mqttConformance,
  vzenithMqttConformance,
  vzenithHttpConformance,
  hikvisionIsapiConformance,
  hikvisionAccessConformance,
  dahuaCgiConformance,
  uhppoteConformance,
  zktecoPushConformance,
  onbonBxConformance,
  numberBoardConformance,
  serialPanelConformance,
  audioOutConformance,
  lock8a80Conformance,
  lockKerongConformance,
  lockWklyConformance,
  lockWinnsenConformance,
  zplConformance,
];
