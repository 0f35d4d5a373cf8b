import { defineCodes } from '@hallhub/sync/base';

export const firmwareCodes = defineCodes({
  'E-FW-0101': { zh: '固件文件过大或为空', en: 'The image is empty or too large' },
  'E-FW-0102': { zh: '固件文件与校验值不符，请重新上传', en: 'The bytes do not match the SHA-256; upload it again' },
  'E-FW-0103': { zh: '没有这个固件文件', en: 'There is no such image' },
  'E-FW-0104': { zh: '固件正在使用，不能删除', en: 'A roll-out under way uses this image' },
  'E-FW-0105': { zh: '上传不连续，请从提示的位置继续', en: 'The upload has a gap; go on from the offset named' },
  'E-FW-0106': { zh: '固件文件尚未传完', en: 'The image is not complete yet' },
  'E-FW-0107': { zh: '固件存储空间已满，请先删除旧文件', en: 'No room for more images; delete old ones first' },
  'E-FW-0108': {
    zh: '该文件已以其他版本或适用型号登记，请先删除原记录',
    en: 'These bytes are here already with another version or for other models; delete that image first',
  },
  'E-FW-0201': { zh: '没有这次升级', en: 'There is no such roll-out' },
  'E-FW-0202': { zh: '没有适用于该固件的设备', en: 'No device fits this image' },
  'E-FW-0203': { zh: '设备已在另一次升级中', en: 'A device is in another roll-out already' },
  'E-FW-0204': { zh: '该升级已结束', en: 'This roll-out is over' },
  'E-FW-0205': { zh: '设备不能升级固件或不适用该固件', en: 'A device cannot take this image' },
  'E-FW-0301': { zh: '已是该版本', en: 'It has this version already' },
  'E-FW-0302': { zh: '设备型号与固件不符', en: 'The device is another model than the image is for' },
  'E-FW-0303': { zh: '升级后仍为旧版本', en: 'It still reports its old version' },
  'E-FW-0304': { zh: '升级后失去联系', en: 'It went dark after the update' },
  'E-FW-0305': { zh: '设备联系不上，未升级', en: 'It could not be reached; nothing was sent' },
});
