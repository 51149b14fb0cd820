/** https://docs.aws.amazon.com/sns/latest/api/ */
import type { Topics } from '../services/topics';
import { optionalText, textOf, type Operations } from './operation';

export function snsApi(topics: Topics): Operations {
  return {
    Publish: async (request, principal) => ({
      MessageId: await topics.publish(principal, textOf(request, 'TopicArn'), {
        subject: optionalText(request, 'Subject'),
        message: textOf(request, 'Message'),
      }),
    }),
  };
}
