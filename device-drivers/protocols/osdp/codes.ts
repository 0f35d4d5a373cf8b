import { defineCodes } from '@hallhub/sync/base';

/** 01xx: the link and its keys. 02xx: what the reader says of itself. 03xx: file transfer. */
export const osdpCodes = defineCodes({
  'E-OSDP-0101': { zh: '读卡器不支持加密通道', en: 'The reader does not offer the secure channel' },
  'E-OSDP-0102': { zh: '读卡器密钥不符', en: 'The reader does not have this installation’s key' },
  'E-OSDP-0103': { zh: '加密通道已断开', en: 'The secure channel was lost' },
  'E-OSDP-0104': { zh: '读卡器仍在使用出厂默认密钥', en: 'The reader still runs with the default key' },
  'E-OSDP-0105': { zh: '与读卡器的连接未加密', en: 'The link to the reader is not encrypted' },
  'E-OSDP-0201': { zh: '读卡器外壳被拆动', en: 'The reader reports tampering' },
  'E-OSDP-0202': { zh: '读卡器供电异常', en: 'The reader reports a power failure' },
  'E-OSDP-0301': { zh: '读卡器中止了文件传输', en: 'The reader aborted the file transfer' },
  'E-OSDP-0302': { zh: '读卡器不认识该文件', en: 'The reader does not recognise the file’s contents' },
  'E-OSDP-0303': { zh: '读卡器报告文件有误', en: 'The reader says that the file is malformed' },
  'E-OSDP-0304': { zh: '文件传输已取消', en: 'The file transfer was cancelled' },
  'E-OSDP-0305': { zh: '读卡器已在接收另一文件', en: 'The reader is receiving another file' },
  'E-OSDP-0306': { zh: '读卡器未在规定时间内处理完文件', en: 'The reader did not finish with the file in time' },
});
