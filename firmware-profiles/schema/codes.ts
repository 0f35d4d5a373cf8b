import { defineCodes } from '@hallhub/sync/base';

export const profileCodes = defineCodes({
  'E-PROFILE-0101': { zh: '设备型号文件无法读取', en: 'A profile file cannot be read' },
  'E-PROFILE-0102': { zh: '设备型号文件格式有误', en: 'A profile file does not keep to the schema' },
  'E-PROFILE-0103': { zh: '设备型号缺少校验样例', en: 'A profile has no vectors file beside it' },
  'E-PROFILE-0104': { zh: '设备型号引用的模板不存在', en: 'A profile extends a template that is not there' },
  'E-PROFILE-0201': { zh: '不是型号包', en: 'This is no bundle of profiles' },
  'E-PROFILE-0202': {
    zh: '型号包签名无效，已拒绝',
    en: 'The signature of the bundle is wrong or its key is not trusted; it was not used',
  },
  'E-PROFILE-0203': { zh: '没有此版本的型号包', en: 'No bundle of this version is here' },
  'E-PROFILE-0204': { zh: '此版本号已被另一型号包使用', en: 'Another bundle has this version already' },
  'E-PROFILE-0205': { zh: '型号包过大', en: 'The bundle is too large to travel to the agents' },
});
