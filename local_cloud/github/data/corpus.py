"""The corpus' issues, reviews, discussions, releases and settings: a small project's daily life."""

import hashlib

from local_cloud.github.catalogue import Catalogue
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.edits import Editor
from local_cloud.github.data.model import Asset, Attachment

_PROJECT = "octo/hello"
_PRIVATE = "octo/secret"
_LOG = "/user-attachments/files/17213245/greeting.log"


def fill_corpus(catalogue: Catalogue, account: AccountData, site: str) -> None:
    """Fill two repositories of the corpus; ``site`` is the stand-in's own URL.

    ``hello`` gets pull request 1 (merged, of the branch ``develop``) with a review, issues 2 to 4
    with comments and an attachment, discussion 5, labels, a milestone, a release with a file, a
    topic and a webhook. The private repository ``secret`` gets one issue.
    """
    octo = Editor(account, account.of(catalogue.repositories[_PROJECT].id))
    octo.create_label("bug", "d73a4a", "Something isn't working")
    octo.create_label("enhancement", "a2eeef", "New feature or request")
    octo.create_milestone("v1.1", "Greetings in every language")
    _review(octo)
    _issues(octo, site)
    talk = octo.as_user("monalisa").create_discussion(
        "Which languages next?", "I would translate it into Finnish.", category="Ideas"
    )
    comment = octo.comment_discussion(talk.number, "Gladly! A pull request is welcome.")
    octo.as_user("monalisa").comment_discussion(talk.number, "On it.", comment)
    release = octo.create_release("v1.0", "The first release: it says hello.")
    contents = b"hello 1.0\n"
    digest = f"sha256:{hashlib.sha256(contents).hexdigest()}"
    asset = Asset(account.new_id(), "hello-1.0.txt", contents, "octo", account.now(), digest)
    release.assets.append(asset)
    octo.set("topics", ["demo", "greetings"])
    config = {"url": "https://ci.example.com/hook", "content_type": "json", "insecure_ssl": "0"}
    octo.set("hooks", [{"id": account.new_id(), "config": config}])
    private = Editor(account, account.of(catalogue.repositories[_PRIVATE].id))
    private.create_issue("Write the plan down", "Before anybody forgets it.")


def _review(octo: Editor) -> None:
    pull = octo.as_user("monalisa").create_pull(
        "Say hello", "The program greets whoever starts it.", head="develop"
    )
    review = octo.review(pull.number, "Just one question.", "COMMENTED")
    line = octo.comment_review(pull.number, review.id, "Should it end with a full stop?")
    octo.as_user("monalisa").comment_review(pull.number, review.id, "It should not.", line.id)
    octo.resolve(pull.number)
    octo.review(pull.number, "Thank you!", "APPROVED")
    octo.merge(pull.number)


def _issues(octo: Editor, site: str) -> None:
    log = Attachment(octo.account.new_id(), _LOG, b"hello, \nhello, \n", "text/plain")
    octo.account.attachments[_LOG] = log
    bug = octo.as_user("hubot").create_issue(
        "The greeting is lost on Windows",
        f"It prints nothing when the console is closed: [greeting.log]({site}{_LOG})",
    )
    octo.label(bug.number, "bug")
    octo.comment(bug.number, "I can see it, too. It waits for a key from the next version on.")
    octo.as_user("monalisa").comment(bug.number, "Tried it: it works now.")
    octo.close(bug.number)
    wish = octo.as_user("monalisa").create_issue("Greet in more languages", "Greek, please: Γειά!")
    octo.label(wish.number, "enhancement")
    octo.edit_issue(wish.number, milestone=1, assignees=["octo"])
    octo.as_user("hubot").react(wish, "heart")
    part = octo.create_issue("Greet in Greek", "The first of them.")
    octo.add_sub_issue(wish.number, part.number)
    octo.as_user(None).comment(part.number, "From an account that is gone since.")
    octo.cross_reference(bug.number, wish.number)
