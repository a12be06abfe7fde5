// Words of what people begin by a form.
export const requests = {
  none: 'There is nothing for you to begin at the moment.',
  begun: 'Sent: {{title}}',
  begunAbout: 'What becomes of it stands in your inbox, under what you have started.',
  look: 'What I have started',
  again: 'Fill in another',
  send: 'Send',
};
