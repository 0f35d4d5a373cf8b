import { defineCodes } from '@hallhub/sync/base';

export const certificateCodes = defineCodes({
  'E-CERT-0101': { zh: '没有这份证明', en: 'There is no such certificate' },
  'E-CERT-0102': { zh: '该证明已被撤销', en: 'The certificate was revoked' },
  'E-CERT-0103': { zh: '该证明尚未生效', en: 'The certificate is not valid yet' },
  'E-CERT-0104': { zh: '该证明已过有效期', en: 'The certificate is no longer valid' },
  'E-CERT-0105': { zh: '该证明不属于当前用户', en: 'The certificate belongs to somebody else' },
  'E-CERT-0106': { zh: '该证明已更新，请重新打印', en: 'The certificate was issued anew; please print it again' },
  'E-CERT-0107': { zh: '该证明无需重新生成', en: 'The certificate was not refused; there is nothing to make again' },
  'E-CERT-0201': { zh: '没有这个证明模板', en: 'There is no such template' },
  'E-CERT-0202': { zh: '证明内容不符合模板要求', en: 'A field does not keep to the rules of the template' },
  'E-CERT-0203': {
    zh: '证明中有字库未收录的字，无法打印，请联系工作人员',
    en: 'The certificate holds a character that no installed font covers; please ask the staff',
  },
  'E-CERT-0204': { zh: '证明内容超出版面', en: 'The content does not fit on the paper' },
  'E-CERT-0205': { zh: '证明文件无法下载，稍后重试', en: 'The document cannot be fetched; it will be tried again' },
  'E-CERT-0206': { zh: '证明文件与登记的校验值不符', en: 'The document does not match its SHA-256' },
  'E-CERT-0207': { zh: '证明文件不是可打印的 PDF', en: 'The document is no PDF that can be printed' },
  'E-CERT-0208': {
    zh: '证明文件不宜打印（加密、含脚本或附件、非 A4、字体未嵌入）',
    en: 'The document is not fit for printing: encrypted, with scripts or attachments, not A4, or a font missing',
  },
  'E-CERT-0209': {
    zh: '证明文件的电子签名不符合要求',
    en: 'The signature of the document is not what is asked for',
  },
  'E-CERT-0301': {
    zh: '证明生成程序异常退出，稍后重试',
    en: 'The process that makes PDFs ended; it will be tried again',
  },
  'E-CERT-0302': { zh: '证明生成超时，稍后重试', en: 'Making the PDF took too long; it will be tried again' },
  'E-CERT-0303': { zh: '字体文件无法读取', en: 'A font file cannot be read' },
  'E-CERT-0401': { zh: '可打印份数已用完', en: 'All allowed copies are used up' },
  'E-CERT-0402': { zh: '份数不正确', en: 'The number of copies is not possible' },
  'E-CERT-0403': { zh: '没有这台打印机', en: 'There is no such printer' },
  'E-CERT-0404': { zh: '等待打印超时，未打印', en: 'The printer was not free in time; nothing was printed' },
  'E-CERT-0405': { zh: '打印机未打印', en: 'The printer ended the job without a sheet' },
  'E-CERT-0406': { zh: '请确认是否取到纸张', en: 'Please check whether the sheets came out' },
  'E-CERT-0407': { zh: '没有这次打印', en: 'There is no such print job' },
  'E-CERT-0408': { zh: '该次打印无需人工确认', en: 'This print job needs no decision' },
  'E-CERT-0409': { zh: '请填写处理原因', en: 'A reason must be given' },
  'E-CERT-0410': { zh: '已取消打印', en: 'The print was cancelled' },
  'E-CERT-0411': { zh: '该次打印已结束', en: 'This print job has ended' },
  'E-CERT-0412': {
    zh: '同一请求编号已用于另一次打印',
    en: 'This idempotency key already stands for another print job',
  },
  'E-CERT-0413': {
    zh: '打印机上还有一份未了结的任务，清除后才能继续',
    en: 'An earlier job is still on the printer; it must be cleared away first',
  },
  'E-CERT-0414': {
    zh: '打印机上可能还有这份任务，清除后再登记份数；打印机已停用的，请先从配置中移除',
    en: 'The printer may still have this job; settle it once that is cleared away, or take a printer that is gone out of the configuration',
  },
  'E-CERT-0501': {
    zh: '电子签章密钥无法使用，稍后重试',
    en: 'The signing key cannot be used; it will be tried again',
  },
  'E-CERT-0502': {
    zh: '时间戳服务无应答，稍后重试',
    en: 'The time-stamp authority does not answer; it will be tried again',
  },
  'E-CERT-0503': {
    zh: '文件中没有放得下签名的位置，请联系管理员检查证书链和时间戳',
    en: 'The file has no room for the signature; an operator must look at the certificate chain and the time stamp',
  },
  'E-CERT-0504': {
    zh: '签章证书不在有效期内，请联系管理员更换',
    en: 'The signing certificate does not hold good now; an operator must replace it',
  },
  'E-CERT-0505': {
    zh: '签章介质拒绝了 PIN，已停止尝试以免锁死，请联系管理员更正',
    en: 'The token refused its PIN and is not asked again, lest it lock itself; an operator must correct the PIN',
  },
  'E-CERT-0601': { zh: '打印机不支持 A4 纸', en: 'The printer takes no A4 paper' },
  'E-CERT-0602': {
    zh: '打印机不接受 PDF，也不接受可生成的页面图像格式',
    en: 'The printer takes neither PDF nor page images as they can be made here',
  },
  'E-CERT-0603': {
    zh: '打印机不接受 PDF，且未配置页面图像转换程序',
    en: 'The printer takes no PDF, and no program is configured that makes page images',
  },
  'E-CERT-0604': {
    zh: '打印机不支持分步提交任务，无法保证不重复打印',
    en: 'The printer takes no jobs step by step, so printing twice could not be ruled out',
  },
  'E-CERT-0605': { zh: '打印机未说明支持的纸张', en: 'The printer does not say which paper it takes' },
  'E-CERT-0606': { zh: '打印机只能单面打印', en: 'The printer prints on one side only' },
  'E-CERT-0607': {
    zh: '打印机未说明份数上限，每次只打印一份',
    en: 'The printer does not say how many copies it makes; it is asked for one at a time',
  },
  'E-CERT-0608': {
    zh: '打印机页数不可信，任务中断时需人工确认',
    en: 'The printer does not count paper: a job that it breaks off must be settled by a person',
  },
  'E-CERT-0609': {
    zh: '打印机没有唯一标识，更换后无法察觉',
    en: 'The printer has no UUID: nobody would notice that it was replaced',
  },
  'E-CERT-0611': {
    zh: '找不到页面图像转换程序，请联系管理员安装',
    en: 'The program that makes page images cannot be started; an operator must install it',
  },
  'E-CERT-0612': { zh: '页面图像转换失败', en: 'Making page images failed' },
  'E-CERT-0613': {
    zh: '页面图像与原文件不符，未打印',
    en: 'The page images are not what was asked for; nothing was printed',
  },
});
