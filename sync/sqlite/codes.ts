import { defineCodes } from '../base/index.ts';

export const storeCodes = defineCodes({
  'E-STORE-0101': {
    zh: '数据库由更新版本的程序写入，请升级程序后再启动',
    en: 'The database was written by a newer version of the program; start that version',
  },
  'E-STORE-0102': {
    zh: '数据库文件损坏，请从备份恢复',
    en: 'The database file is damaged; restore the newest good backup',
  },
  'E-STORE-0103': { zh: '另一个程序正在使用此数据目录', en: 'Another process already uses this data folder' },
  'E-STORE-0104': { zh: '数据库升级步骤与已执行的不一致', en: 'A migration that has run differs from the one shipped' },
  'E-STORE-0105': {
    zh: '数据库未能启用完全同步写入',
    en: 'The database does not write durably (synchronous is not FULL)',
  },
  'E-STORE-0106': { zh: '磁盘已满，暂停办理', en: 'The disk is full; new work is refused until there is room' },
});
