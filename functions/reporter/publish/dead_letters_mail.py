"""The mail about events that were given up on: what that means, and how to read them. Pure."""

from reporter.config import Config


def dead_letters_mail(count: int, queue_url: str, config: Config) -> tuple[str, str]:
    """Subject and body for this many events in the queue."""
    events = "1 event was" if count == 1 else f"{count} events were"
    queue = f"--region {config.region} --queue-url {queue_url}"
    return (
        f"[OnlineBackup] {events} given up on: {config.stack_name}",
        f"{events} given up on after all retries, so a backup may not have started, or its summary "
        "may not have come.\n\n"
        f"To read them: aws sqs receive-message {queue} --max-number-of-messages 10\n"
        f"Both functions' logs say why: sam logs --stack-name {config.stack_name}\n"
        f"When understood, to remove all: aws sqs purge-queue {queue}\n\n"
        "The queue keeps each for two weeks. You will hear of this again only when there are more.",
    )
