// The look: dense, quiet, 13 px; the colours of state stand in widgets/StateTag.tsx alone.
import { theme as antTheme, type ThemeConfig } from 'antd';

export const FONTS =
  '"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif';

export const theme: ThemeConfig = {
  algorithm: antTheme.compactAlgorithm,
  token: {
    colorPrimary: '#0958d9',
    colorBgLayout: '#f5f5f5',
    borderRadius: 4,
    fontFamily: FONTS,
    fontSize: 14,
  },
  components: {
    Layout: { headerBg: '#001529', headerHeight: 48, siderBg: '#ffffff' },
  },
};
