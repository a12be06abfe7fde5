// Copies an address; on plain http there is no clipboard, so a hidden field is selected and copied.
import { CheckOutlined, LinkOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

async function copy(text: string): Promise<void> {
  if ('clipboard' in navigator && isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

/** `text`: what is copied; without it the address of this page. */
export function CopyLink({ label, text }: { label: string; text?: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      icon={copied ? <CheckOutlined /> : <LinkOutlined />}
      onClick={() => void copy(text ?? location.href).then(() => setCopied(true))}
      data-action="copy-link"
    >
      {copied ? t('common.copied') : label}
    </Button>
  );
}
