import { defineCodes } from '@hallhub/sync/base';

export const deviceCodes = defineCodes({
  'E-DEV-0101': { zh: '无法打开设备连接', en: 'The line to the device cannot be opened' },
  'E-DEV-0102': { zh: '设备未连接', en: 'The device is not connected' },
  'E-DEV-0103': { zh: '设备连接中断', en: 'The line to the device broke' },
  'E-DEV-0104': { zh: '没有设备使用此上报地址', en: 'No device reports to this address' },
  'E-DEV-0105': { zh: '设备上报的内容过大', en: 'The device sent more than is taken in one report' },
  'E-DEV-0201': { zh: '指令已过期，未执行', en: 'The command expired and was not carried out' },
  'E-DEV-0202': { zh: '设备没有应答', en: 'The device did not answer' },
  'E-DEV-0203': { zh: '设备拒绝执行', en: 'The device refused the command' },
  'E-DEV-0204': { zh: '设备应答有误', en: 'The device gave an answer that makes no sense' },
  'E-DEV-0205': { zh: '设备总线繁忙', en: 'Too many requests wait for this line' },
  'E-DEV-0206': {
    zh: '执行中断，是否完成未知',
    en: 'Interrupted in the middle; whether it was done is not known',
  },
  'E-DEV-0207': { zh: '设备时钟不准', en: "The device's clock is wrong" },
  'E-DEV-0208': {
    zh: '设备已接受指令，但状态与指令不符',
    en: 'The device took the command and shows something else',
  },
  'E-DEV-0301': { zh: '未知的设备型号', en: 'No profile or protocol of this name is known' },
  'E-DEV-0302': { zh: '设备配置有误', en: 'The device is configured wrongly' },
  'E-DEV-0303': { zh: '设备程序异常', en: 'The driver of this device failed' },
  'E-DEV-0304': { zh: '无法取得固件文件', en: 'The image of the new program could not be fetched' },
  'E-DEV-0305': { zh: '固件文件与校验值不符', en: 'The image is not the one that was ordered (SHA-256)' },
  'E-DEV-0306': { zh: '与同一板卡上的另一设备冲突', en: 'Another device on the same board has this part of it' },
  'E-DEV-0307': {
    zh: '固件版本不在此型号文件的适用范围内',
    en: 'The profile was not made for the firmware that this device reports',
  },
});
