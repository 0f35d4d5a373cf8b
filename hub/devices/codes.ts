import { defineCodes } from '@hallhub/sync/base';

export const deviceAdminCodes = defineCodes({
  'E-DEV-0401': { zh: '该设备没有有效的接入凭证', en: 'The device has no valid credentials' },
  'E-DEV-0402': { zh: '设备上报的内容无法识别', en: 'The device sent something that is no event' },
});
