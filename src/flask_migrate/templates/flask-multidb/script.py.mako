"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

# Alembic finds its way by these four.
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade(engine_name):
    # A database that was added after this revision has nothing to do here.
    {
% for name, end in databases:
        ${repr(name)}: upgrade_${end},
% endfor
    }.get(engine_name, lambda: None)()


def downgrade(engine_name):
    {
% for name, end in databases:
        ${repr(name)}: downgrade_${end},
% endfor
    }.get(engine_name, lambda: None)()
% for name, end in databases:


def upgrade_${end}():
    ${context.get(f"{name}_upgrades", "pass")}


def downgrade_${end}():
    ${context.get(f"{name}_downgrades", "pass")}
% endfor
