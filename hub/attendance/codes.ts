import { defineCodes } from '@hallhub/sync/base';

export const attendanceCodes = defineCodes({
  'E-ATT-0101': { zh: '没有这栋楼，或未配置归寝', en: 'There is no such building, or its nights are not looked at' },
  'E-ATT-0102': { zh: '这一晚还没有结果', en: 'There is no result of this night' },
  'E-ATT-0103': { zh: '没有这位住宿学生', en: 'There is no such resident' },
  'E-ATT-0104': { zh: '没有这条提醒', en: 'There is no such alert' },
  'E-ATT-0105': { zh: '没有需要撤销的更改', en: 'There is nothing to take back' },
  'E-ATT-0201': { zh: '没有这个报到点', en: 'There is no such check-in point' },
  'E-ATT-0202': { zh: '不是待报到的新生', en: 'Not a new student who is to check in' },
  'E-ATT-0203': { zh: '已报到', en: 'Has checked in already' },
  'E-ATT-0204': { zh: '照片暂时无法取得', en: 'The picture cannot be had now' },
  'E-ATT-0205': { zh: '已过时：请重新出示', en: 'That is gone by now: have it shown again' },
});
