import type { SimulatedCard } from '../simulator-types.ts';

/** The published example of a resident card, field by field in UTF-16LE, padded with spaces. */
export const GOLDEN_TEXT = Buffer.from(
  [
    '205f094e' + '2000'.repeat(13),
    '3100',
    '30003100',
    '31003900340039003100320033003100',
    '1753ac4e025e1d6733963a533a798b4fef8d3100f753' + '2000'.repeat(24),
    '310031003000310030003500310039003400390031003200330031003000300032005800',
    '1753ac4e025e6c51895b405c1d6733960652405c' + '2000'.repeat(5),
    '32003000320030003000310030003100',
    '7f951f67' + '2000'.repeat(6),
    '2000'.repeat(18),
  ].join(''),
  'hex',
);

export const GOLDEN_CARD: SimulatedCard = {
  layout: 'resident',
  name: '张三',
  sex: '1',
  nation: '01',
  birth: '19491231',
  address: '北京市朝阳区示例路1号',
  number: '11010519491231002X',
  authority: '北京市公安局朝阳分局',
  validFrom: '20200101',
  validTo: '长期',
};

export const OTHER_CARD: SimulatedCard = { layout: 'resident', name: '李四', number: '440524188001010014' };

export const HK_CARD: SimulatedCard = {
  layout: 'hk-mo-tw',
  name: '陈大文',
  number: '810000199001010019',
  passNumber: 'H12345678',
  issueCount: '02',
  validFrom: '20190601',
  validTo: '20240601',
};

export const FOREIGN_2017: SimulatedCard = {
  layout: 'foreign-2017',
  englishName: 'EXAMPLE, ANNA MARIA',
  name: '安娜',
  number: 'CAN110081010101',
  country: 'CAN',
  sex: '2',
  birth: '19810101',
  validFrom: '20180101',
  validTo: '20280101',
};

export const FOREIGN_2023: SimulatedCard = {
  layout: 'foreign-2023',
  englishName: 'A VERY LONG NAME THAT DOES NOT FIT IN ONE FIELD',
  name: '安娜',
  number: '911156199001010010',
  country: 'CAN',
  sex: '2',
  birth: '19900101',
  validFrom: '20240101',
  validTo: '20340101',
};
