from uuid import uuid4
import pytest
from inventory.services import *
from inventory.models import *
from tests.inventory.book import *
pytestmark = pytest.mark.usefixtures("in_alpha")
def test_x(owner, now):
    b=make_book()
    b.batch("S1","A",100); b.batch("S1","B",50)
    b.receive("S1","A",10); b.receive("S1","B",5)
    a=uuid4()
    assert reserve(a,[StockLine("S1","A",8,"GD-MUM")],actor=owner,at=now)==8
    assert reserve(a,[StockLine("S1","A",8,"GD-MUM")],actor=owner,at=now)==0
    r=ingest_sales([sale("T1","S1",6),sale("T2","S1",1),sale("T2","S2",4,line=2),sale("T3","S1",2,shop="R2")],actor=owner,at=now,source="t")
    print(r)
    print(b.position("S1","A"), b.ledger("S1","A"), b.ledger("S1","B"))
    print(list(Reservation.objects.values()))
    r=ingest_sales([sale("T1","S1",6),sale("T2","S1",2),sale("T9","S1",4), sale("T10","S1",-1)],actor=owner,at=now,source="t")
    print(r, b.position("S1","A").reserved)
    print(check_positions())
    print(list(DailyDemand.objects.values()))
    dispatch_transfer(a,[StockLine("S1","A",2)],source="GD-MUM",destination="GD-BLR",actor=owner,at=now)
    print(b.position("S1","A"), b.position("S1","A","BLR").in_transit)
    receive_transfer(a,[ReceiptLine("S1","A",1,1)],destination="GD-BLR",actor=owner,at=now)
    print(b.ledger("S1","A","BLR"), check_positions())
    assert 0
