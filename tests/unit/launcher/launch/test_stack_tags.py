"""``sam deploy --tags`` reach what the launcher makes, below its own tags."""

from launcher.launch.stack_tags import MOST_TAGS, combined

OWN = {"Name": "onlinebackup run", "online-backup:stack": "onlinebackup"}


def test_the_stacks_tags_are_added_and_the_instances_own_win() -> None:
    assert combined({"cost-centre": "7", "Name": "theirs"}, OWN) == {**OWN, "cost-centre": "7"}


def test_what_aws_and_sam_put_there_is_left_out() -> None:
    reserved = {"aws:cloudformation:stack-name": "onlinebackup", "lambda:createdBy": "SAM"}
    assert combined(reserved, OWN) == OWN


def test_no_more_tags_are_given_than_ec2_takes() -> None:
    found = combined({f"tag-{number:02}": "" for number in range(50)}, OWN)
    assert len(found) == MOST_TAGS
    assert OWN.items() <= found.items()
    assert "tag-47" in found
    assert "tag-48" not in found
