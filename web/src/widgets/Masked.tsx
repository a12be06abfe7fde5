// What the hub keeps from this reader: that something is there is said, what it is is not.
import { EyeInvisibleOutlined } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';

export interface Mask {
  $masked: string;
  $text?: string;
}

export function isMask(value: unknown): value is Mask {
  return typeof value === 'object' && value !== null && '$masked' in value;
}

export function Masked({ value }: { value: Mask }) {
  const { t } = useTranslation();
  return (
    <span className="soft nowrap" data-masked={value.$masked}>
      {value.$text ?? (
        <>
          <EyeInvisibleOutlined aria-hidden /> {t('common.masked')}
        </>
      )}
    </span>
  );
}
