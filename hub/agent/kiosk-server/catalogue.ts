import { cardCodes, printerCodes, scannerCodes, ticketCodes } from '@hallhub/device-drivers/codes';
import { deviceCodes } from '@hallhub/device-drivers/kit';
import type { Catalogue } from '@hallhub/sync/base';
import { apiCodes } from '../../api/codes.ts';
import { certificateCodes } from '../../certificates/codes.ts';
import { kioskCodes } from '../../kiosks/codes.ts';
import { lockerCodes } from '../../lockers/edge/index.ts';

/** The texts that a kiosk's screens may need while the hub, which has them all, is away. */
export const screenCatalogue: Catalogue = {
  ...apiCodes,
  ...cardCodes,
  ...certificateCodes,
  ...deviceCodes,
  ...kioskCodes,
  ...lockerCodes,
  ...printerCodes,
  ...scannerCodes,
  ...ticketCodes,
};
