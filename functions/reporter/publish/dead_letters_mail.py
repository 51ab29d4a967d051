"""The mail about events that could not be processed, and how to read them. Pure."""

from reporter.config import Config


def dead_letters_mail(count: int, queue_url: str, config: Config) -> tuple[str, str]:
    """Subject and body for this many events in the queue."""
    events = "1 event was" if count == 1 else f"{count} events were"
    queue = f"--region {config.region} --queue-url {queue_url}"
    return (
        f"[OnlineBackup] {events} not processed: {config.stack_name}",
        f"{events} not processed, after all retries. A backup may not have started, or its summary "
        "may not have been sent.\n\n"
        f"To read them: aws sqs receive-message {queue} --max-number-of-messages 10\n"
        f"Both functions' logs say why: sam logs --stack-name {config.stack_name}\n"
        f"To remove all of them: aws sqs purge-queue {queue}\n\n"
        "The queue keeps each event for two weeks. There is another mail only if there are more.",
    )
