"""2WikiMultihopQA: questions over two or four of ten paragraphs (Ho et al. 2020, arXiv:2011.01060).

    Who is the father-in-law of Queen Hyojeong?
    -> Crown Prince Hyomyeong

Success: an exact match with one of the answers after HotpotQA's normalisation. The paragraphs are
in the prompt and in ``inputs["passages"]``; the variant closed_book leaves them out of the prompt,
support asks for the titles too. 250 questions, all of them in the test split.

    evalsuite run --task multihop_qa/2wikimultihopqa@closed_book --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.multihop import collab_rag, multihop_task

TASK = multihop_task(
    name="multihop_qa/2wikimultihopqa",
    summary="Questions over two or four of ten Wikipedia paragraphs",
    data=collab_rag(
        "2wikimultihopqa",
        "Apache-2.0",
        "549c945ff62d643bf6a5f080f7eb171111d8cf2444aa7786e44f79e271a3fcaf",
    ),
    reference="arXiv:2011.01060",
)
