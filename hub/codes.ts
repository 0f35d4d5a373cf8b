import {
  cardCodes,
  labelCodes,
  lineReaderCodes,
  osdpCodes,
  printerCodes,
  scannerCodes,
  ticketCodes,
  voiceCodes,
} from '@hallhub/device-drivers/codes';
import { deviceCodes } from '@hallhub/device-drivers/kit';
import type { Catalogue, Code, CodeText } from '@hallhub/sync/base';
import { syncCodes } from '@hallhub/sync/contract';
import { storeCodes } from '@hallhub/sync/sqlite';
import { verificationCodes } from '@hallhub/sync/verification';
import { agentCodes } from './agents/index.ts';
import { apiCodes } from './api/codes.ts';
import { attendanceCodes } from './attendance/index.ts';
import { auditCodes } from './audit/index.ts';
import { brokerCodes } from './broker/index.ts';
import { campusCardCodes } from './cards/index.ts';
import { certificateCodes } from './certificates/index.ts';
import { configCodes } from './config/index.ts';
import { deviceAdminCodes } from './devices/index.ts';
import { firmwareCodes } from './firmware/index.ts';
import { gateCodes } from './gates/index.ts';
import { kioskCodes } from './kiosks/index.ts';
import { custodyCodes } from './lockers/index.ts';
import { lockerCodes } from './lockers/edge/index.ts';
import { notificationCodes } from './notifications/index.ts';
import { queueCodes } from './queue/index.ts';
import { requestCodes } from './requests/index.ts';
import { staffCodes } from './staff/index.ts';
import { vaultCodes } from './vault/index.ts';

/** Every code of the product; `codes.test.ts` keeps them unique. A new area adds one line. */
export const catalogues: readonly Catalogue[] = [
  agentCodes,
  apiCodes,
  attendanceCodes,
  auditCodes,
  brokerCodes,
  campusCardCodes,
  cardCodes,
  certificateCodes,
  configCodes,
  custodyCodes,
  deviceAdminCodes,
  deviceCodes,
  firmwareCodes,
  gateCodes,
  osdpCodes,
  printerCodes,
  kioskCodes,
  labelCodes,
  lockerCodes,
  notificationCodes,
  lineReaderCodes,
  scannerCodes,
  queueCodes,
  requestCodes,
  staffCodes,
  storeCodes,
  ticketCodes,
  syncCodes,
  vaultCodes,
  verificationCodes,
  voiceCodes,
  { 'E-WEB-0101': { zh: '无法连接中心，请稍后再试', en: 'The hub does not answer; please try again' } },
];

export const catalogue: Readonly<Partial<Record<Code, CodeText>>> = Object.fromEntries(
  catalogues.flatMap((part) => Object.entries(part)),
);
