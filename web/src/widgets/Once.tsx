// Something that is shown this once: a password, an access key.
import { Alert, Typography } from 'antd';

export function Once({ title, value }: { title: string; value: string }) {
  return (
    <Alert
      type="success"
      showIcon
      title={title}
      description={
        <Typography.Text copyable code data-ready="once">
          {value}
        </Typography.Text>
      }
      style={{ marginBottom: 12 }}
    />
  );
}
