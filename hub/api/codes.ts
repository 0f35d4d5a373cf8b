import { defineCodes } from '@hallhub/sync/base';

export const apiCodes = defineCodes({
  'E-API-0101': { zh: '请求内容有误', en: 'The request is not what this address expects' },
  'E-API-0102': { zh: '没有这个地址', en: 'There is nothing at this address' },
  'E-API-0103': { zh: '系统内部错误，已记录', en: 'Something went wrong inside; it has been logged' },
  'E-API-0104': { zh: '请求来自其他网站，已拒绝', en: 'The request came from another site and was refused' },
  'E-API-0105': { zh: '请求过于频繁', en: 'Too many requests' },
  'E-API-0107': { zh: '端口已被占用', en: 'The port is already in use' },
  'E-API-0108': { zh: '请求内容过大', en: 'The request is larger than is taken here' },
  'E-API-0106': {
    zh: '页面尚未构建，请运行 npm run build:web',
    en: 'The pages have not been built; run npm run build:web',
  },
});
